import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keepDataset, keptDataset, refreshTokens } from '../dataset.ts'
import { type Figures, measure, medians } from '../measure.ts'
import { describeMachine, type ScenarioFigures, writeResults } from '../report.ts'
import { type LoadData, scenarios } from '../scenarios.ts'
import { type PlazaUnderTest, startPlaza } from '../servers.ts'
import { collectsGarbage, firstReads } from './first-reads.ts'
import { mixBesidePosts, timeToEverybody } from './large-author.ts'
import { type Comparison, toLargeTable } from './large-table.ts'
import { type LargeSize, type LargeWorld, largeWorld, renewTokens } from './large-world.ts'

export interface LargeOptions {
  readonly size: LargeSize
  readonly seconds: number
  readonly repeats: number
  readonly keep: string | undefined
  /** A kept folder with Reed98, to be measured in turn with this one; else the figures of the last run are compared. */
  readonly reed98: string | undefined
}

/** A world of 100,000 people and a million posts. */
export async function runLarge(options: LargeOptions): Promise<void> {
  const folder = options.keep ?? (await mkdtemp(join(tmpdir(), 'plaza-large-')))
  try {
    const world = await largeWorld(folder, options.size)
    const oneByOne = await afterRestart(folder, world, plaza => firstReads(plaza, world, 1))
    const rest = await afterRestart(folder, world, async plaza => ({
      eightAtOnce: await firstReads(plaza, world, 8),
      compared: await compareWithReed98(plaza, world, options),
      mix: await mixBesidePosts(plaza, world, options),
      author: await timeToEverybody(plaza, world, Math.max(5, options.seconds)),
    }))
    const { people, posts, follows, active } = world
    const size = { people, posts, follows, active: active.length }
    const report = { size, oneByOne, ...rest }
    console.log(`\n${toLargeTable(report)}\n`)
    const { seconds, repeats } = options
    const about = { machine: describeMachine(), at: new Date().toISOString(), seconds, repeats }
    await writeResults('large.json', { ...about, ...report })
  } finally {
    if (options.keep === undefined) await rm(folder, { recursive: true, force: true })
  }
}

async function afterRestart<T>(
  folder: string,
  world: LargeWorld,
  work: (plaza: PlazaUnderTest) => Promise<T>,
): Promise<T> {
  await using plaza = await startPlaza(folder, collectsGarbage)
  await renewTokens(plaza.url, folder, world)
  return await work(plaza)
}

/** S1 and S3 at 32, here and with Reed98. */
async function compareWithReed98(
  plaza: PlazaUnderTest,
  world: LargeWorld,
  options: LargeOptions,
): Promise<readonly Comparison[]> {
  const data = { people: world.active, posts: world.sample }
  const { reed98: folder } = options
  await using reed98 = folder === undefined ? undefined : await startReed98(folder)
  const compared: Comparison[] = []
  for (const id of ['S1', 'S3']) {
    const scenario = scenarios.find(each => each.id === id)!
    const runs = { large: [] as Figures[], reed98: [] as Figures[] }
    const load = (server: PlazaUnderTest, of: LoadData, seconds: number) =>
      measure(server, 32, seconds, () => scenario.plaza(of))
    await load(plaza, data, 2)
    if (reed98 !== undefined) await load(reed98.plaza, reed98.data, 2)
    for (let i = 0; i < options.repeats; i++) {
      runs.large.push(await load(plaza, data, options.seconds))
      if (reed98 !== undefined) runs.reed98.push(await load(reed98.plaza, reed98.data, options.seconds))
    }
    const beside = reed98 === undefined ? await latestOf(id) : medians(runs.reed98)
    const { title } = scenario
    const sameRun = reed98 !== undefined
    compared.push({ id, title, large: medians(runs.large), reed98: beside, sameRun })
  }
  return compared
}

async function startReed98(folder: string) {
  const plaza = await startPlaza(folder)
  const data = await keptDataset(plaza.url, folder)
  await refreshTokens(plaza.url, data.people)
  await keepDataset(folder, data)
  return { plaza, data, [Symbol.asyncDispose]: () => plaza[Symbol.asyncDispose]() }
}

async function latestOf(id: string): Promise<Figures | undefined> {
  const path = join(import.meta.dirname, '../../results/latest.json')
  const { figures } = JSON.parse(await readFile(path, 'utf8')) as { figures: ScenarioFigures[] }
  return figures.find(row => row.scenario.id === id && row.connections === 32)?.plaza
}
