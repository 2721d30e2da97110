import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import type { Writer } from '../kill/writer.ts'
import { proveDrain } from './prove-drain.ts'
import { proveForeignProcess, proveTokens } from './prove-secrets.ts'
import { proveOthersGoOn, proveTakenOver } from './prove-stopped.ts'
import { proveCompleteTimelines, proveRelationsAtOnce } from './prove-two-of-each.ts'
import { Load, ProvingGround } from './proving-ground.ts'

/** What a writer chooses by chance is a post, and it stays as it is. */
const onlyPosts = () => 0

test('a fleet with every service twice', { timeout: 900_000 }, async context => {
  const seed = randomInt(2 ** 31)
  context.diagnostic(`seed ${seed}`)
  await using ground = await ProvingGround.open(seed)
  const crowd = await ground.people('person', 100)
  const few = crowd.slice(0, 8)

  await context.test('serves a hundred people their whole home timeline, whichever instance they meet', () =>
    proveCompleteTimelines(ground, crowd),
  )
  await context.test('follows and blocks hold at once whichever gateway one asks', async () => {
    const pair = await ground.people('author_of_few', 2, onlyPosts)
    await write(ground, pair)
    await proveRelationsAtOnce(ground, [pair[0]!, pair[1]!], 40)
  })
  await context.test('refuses unsigned, forged, expired and replayed internal tokens, and says so', () =>
    proveTokens(ground, few[0]!),
  )
  await context.test('has nothing to do with a process of another secret', () => proveForeignProcess(ground))
  await context.test('no accepted request is lost when any process drains', () => proveDrain(ground, few))
  await context.test('SIGSTOP of one of two: its share is taken over, once', async inner => {
    const authors = await ground.people('author', 24, onlyPosts)
    const { usual, slowest, counted } = await proveTakenOver(ground, 'users.1', authors, few)
    const times = `usually ${Math.round(usual)} ms, now ${Math.round(slowest)} ms`
    inner.diagnostic(`${counted} posts were counted meanwhile, at the latest after: ${times}`)
  })
  await context.test('SIGSTOP of one of two: callers with another address go on', async inner => {
    const names = ['posts.1', 'timelines.1', 'gateway.1']
    const { answered } = await proveOthersGoOn(ground, names, crowd.slice(0, 24), crowd.slice(24, 30))
    inner.diagnostic(`${answered} requests were answered without ${names.join(', ')}`)
  })
  await context.test('everything is there, once, and the fleet stops in order', async () => {
    await ground.compare(crowd.slice(0, 30), true)
    assert.deepEqual(await ground.fleet.stop(), { code: 0, signal: null })
  })
})

async function write(ground: ProvingGround, people: readonly Writer[]): Promise<void> {
  await using load = new Load(people, ground.fleet.gateways)
  await load.more(people.length * 5)
  await load.end()
}
