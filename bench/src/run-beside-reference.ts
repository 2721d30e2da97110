import { commitToHandler } from './commit-to-handler.ts'
import { copyToReference, type Dataset, keepDataset, keptDataset, refreshTokens } from './dataset.ts'
import { type Figures, measure, medians } from './measure.ts'
import { describeMachine, type ScenarioFigures, toTable, writeResults } from './report.ts'
import type { Scenario } from './scenarios.ts'
import { startPlaza, startReference, startReferenceDatabase } from './servers.ts'
import { loginsBesideReads, secondStart, timeToTimelines } from './special-runs.ts'

export interface LoadOptions {
  readonly scenarios: readonly Scenario[]
  readonly seconds: number
  readonly repeats: number
  /** Connections at once, one level after the other. */
  readonly levels: readonly number[]
  readonly keep: string | undefined
}

/** Plaza in one process beside the reference server, in turn. */
export async function runBesideReference(options: LoadOptions): Promise<void> {
  await using plaza = await startPlaza(options.keep)
  console.log(`Plaza's start, to ready: ${(plaza.startedIn / 1000).toFixed(1)} s`)
  const data = await keptDataset(plaza.url, options.keep)
  await using database = await startReferenceDatabase()
  await copyToReference(database.url, data)

  const figures: ScenarioFigures[] = []
  for (const scenario of options.scenarios) {
    await refreshTokens(plaza.url, data.people)
    if (options.keep !== undefined) await keepDataset(options.keep, data)
    const pool = await bestPool(scenario, database, data)
    await using reference = await startReference(database, pool)
    for (const connections of options.levels) {
      const runs = { plaza: [] as Figures[], reference: [] as Figures[] }
      await measure(plaza, connections, 2, () => scenario.plaza(data))
      await measure(reference, connections, 2, () => scenario.reference(data))
      for (let i = 0; i < options.repeats; i++) {
        runs.plaza.push(await measure(plaza, connections, options.seconds, () => scenario.plaza(data)))
        runs.reference.push(
          await measure(reference, connections, options.seconds, () => scenario.reference(data)),
        )
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
    ...(await commitToHandler()),
  }
  const report = {
    machine: describeMachine(),
    at: new Date().toISOString(),
    seconds: options.seconds,
    repeats: options.repeats,
    figures,
    special,
  }
  console.log(`\n${toTable(figures)}\n\n${JSON.stringify(special, null, 2)}`)
  await writeResults('latest.json', report)
}

/** The reference with the best of the pools 4, 8 and 16 for this scenario. */
async function bestPool(
  scenario: Scenario,
  database: { readonly url: string; readonly pid: number },
  data: Dataset,
): Promise<number> {
  let best = { pool: 0, perSecond: 0 }
  for (const pool of [4, 8, 16]) {
    await using server = await startReference(database, pool)
    await measure(server, 32, 1, () => scenario.reference(data))
    const { perSecond } = await measure(server, 32, 2, () => scenario.reference(data))
    if (perSecond > best.perSecond) best = { pool, perSecond }
  }
  return best.pool
}
