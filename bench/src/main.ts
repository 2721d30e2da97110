import { parseArgs } from 'node:util'
import { scenarios } from './scenarios.ts'

const { values } = parseArgs({
  options: {
    /** Gateway → A → B in three processes, and in one. */
    chain: { type: 'boolean', default: false },
    /** `plaza fleet` beside one process. */
    fleet: { type: 'boolean', default: false },
    /** Search among 100,000 posts, and the mix while somebody with much is erased. */
    square: { type: 'boolean', default: false },
    /** 100,000 people and a million posts. */
    large: { type: 'boolean', default: false },
    only: { type: 'string', default: scenarios.map(each => each.id).join(',') },
    seconds: { type: 'string', default: '4' },
    repeats: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32,128' },
    /** A folder that keeps the loaded Plaza for the next run: loading takes a minute, most of it bcrypt. */
    keep: { type: 'string' },
    /** Share of the traces that the chain samples; 0: nothing is traced. */
    traced: { type: 'string', default: '0.01' },
    /** What `plaza fleet` gets: posts=2,gateway=2 and auth,users;posts. */
    replicas: { type: 'string' },
    groups: { type: 'string' },
    people: { type: 'string', default: '100000' },
    posts: { type: 'string', default: '1000000' },
    /** Those of the people who have accounts. */
    active: { type: 'string', default: '1500' },
    /** A folder kept by a run without --large: measured in turn with the large one. */
    reed98: { type: 'string' },
  },
})
const levels = values.connections.split(',').map(Number)
const chosen = scenarios.filter(each => values.only.split(',').includes(each.id))
const load = {
  scenarios: chosen,
  levels,
  seconds: Number(values.seconds),
  repeats: Number(values.repeats),
  keep: values.keep,
}

if (values.chain) {
  const { runChain } = await import('./chain/run-chain.ts')
  const { seconds, repeats } = load
  await runChain({ seconds, repeats, callers: levels, share: Number(values.traced) })
} else if (values.fleet) {
  const { runFleet } = await import('./fleet/run-fleet.ts')
  await runFleet({ ...load, replicas: values.replicas, groups: values.groups })
} else if (values.square) {
  const { runSquare } = await import('./square/run-square.ts')
  const { seconds, keep } = load
  await runSquare({ seconds, keep, posts: 100_000, ownPosts: 10_000, ownLikes: 100_000 })
} else if (values.large) {
  const { runLarge } = await import('./large/run-large.ts')
  const [people, posts, active] = [values.people, values.posts, values.active].map(Number) as [
    number,
    number,
    number,
  ]
  const { seconds, repeats, keep } = load
  await runLarge({ size: { people, posts, active }, seconds, repeats, keep, reed98: values.reed98 })
} else {
  const { runBesideReference } = await import('./run-beside-reference.ts')
  await runBesideReference(load)
}
