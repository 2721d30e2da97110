import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { copyToReference, keepDataset, keptDataset, refreshTokens } from './dataset.ts'
import { type Figures, measure, median } from './measure.ts'
import { describeMachine, type ScenarioFigures, toTable } from './report.ts'
import { type Scenario, scenarios } from './scenarios.ts'
import { startPlaza, startReference, startReferenceDatabase } from './servers.ts'
import { loginsBesideReads, secondStart, timeToTimelines } from './special-runs.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: scenarios.map(each => each.id).join(',') },
    seconds: { type: 'string', default: '4' },
    repeats: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32,128' },
    /** A folder that keeps the loaded Plaza for the next run: loading takes a minute, most of it bcrypt. */
    keep: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const repeats = Number(values.repeats)
const levels = values.connections.split(',').map(Number)
const chosen = scenarios.filter(each => values.only.split(',').includes(each.id))

await using plaza = await startPlaza(values.keep)
console.log(`Plaza's start, to ready: ${(plaza.startedIn / 1000).toFixed(1)} s`)
const data = await keptDataset(plaza.url, values.keep)
await using database = await startReferenceDatabase()
await copyToReference(database.url, data)

const figures: ScenarioFigures[] = []
for (const scenario of chosen) {
  await refreshTokens(plaza.url, data.people)
  if (values.keep !== undefined) await keepDataset(values.keep, data)
  const pool = await bestPool(scenario)
  await using reference = await startReference(database, pool)
  for (const connections of levels) {
    const runs = { plaza: [] as Figures[], reference: [] as Figures[] }
    await measure(plaza, connections, 2, () => scenario.plaza(data))
    await measure(reference, connections, 2, () => scenario.reference(data))
    for (let i = 0; i < repeats; i++) {
      runs.plaza.push(await measure(plaza, connections, seconds, () => scenario.plaza(data)))
      runs.reference.push(await measure(reference, connections, seconds, () => scenario.reference(data)))
    }
    const row = {
      scenario,
      connections,
      pool,
      plaza: medians(runs.plaza),
      reference: medians(runs.reference),
    }
    figures.push(row)
    console.log(toTable([row]))
  }
}

const special = {
  ...(await timeToTimelines(plaza, data)),
  ...(await loginsBesideReads(plaza, data)),
  ...(await secondStart()),
}
const report = {
  machine: describeMachine(),
  at: new Date().toISOString(),
  seconds,
  repeats,
  figures,
  special,
}
const folder = join(import.meta.dirname, '..', 'results')
await mkdir(folder, { recursive: true })
await writeFile(join(folder, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`)
console.log(
  `\n${toTable(figures)}\n\n${JSON.stringify(special, null, 2)}\n\nbench/results/latest.json has it all.`,
)

/** The reference with the best of the pools 4, 8 and 16 for this scenario. */
async function bestPool(scenario: Scenario): Promise<number> {
  let best = { pool: 0, perSecond: 0 }
  for (const pool of [4, 8, 16]) {
    await using server = await startReference(database, pool)
    await measure(server, 32, 1, () => scenario.reference(data))
    const { perSecond } = await measure(server, 32, 2, () => scenario.reference(data))
    if (perSecond > best.perSecond) best = { pool, perSecond }
  }
  return best.pool
}

function medians(runs: readonly Figures[]): Figures {
  const of = (key: keyof Figures) => median(runs.map(run => run[key]))
  return {
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    nodeCpu: of('nodeCpu'),
    postgresCpu: of('postgresCpu'),
    rss: of('rss'),
    errors: runs.reduce((sum, run) => sum + run.errors, 0),
  }
}
