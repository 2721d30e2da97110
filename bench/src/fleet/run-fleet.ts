import { cp, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Dataset, keepDataset, keptDataset, refreshTokens } from '../dataset.ts'
import { type Figures, measure, medians, type ServerUnderTest } from '../measure.ts'
import { describeMachine, round, writeResults } from '../report.ts'
import type { LoadOptions } from '../run-beside-reference.ts'
import { startPlaza } from '../servers.ts'
import { type FleetOptions, startFleet } from './start-fleet.ts'

interface Row {
  readonly id: string
  readonly title: string
  readonly connections: number
  readonly one: Figures
  readonly fleet: Figures
}

/** The scenarios with every service a process of its own, and in one process, in turn: same data, two databases. */
export async function runFleet(options: LoadOptions & FleetOptions): Promise<void> {
  const folder = options.keep ?? (await mkdtemp(join(tmpdir(), 'plaza-bench-')))
  const copy = `${folder}-fleet`
  try {
    await copyData(folder, copy)
    const { replicas, groups } = options
    await using one = await startPlaza(folder)
    await using fleet = await startFleet(copy, { replicas, groups })
    console.log(`The fleet: ${fleet.names.join(', ')}`)
    const rows: Row[] = []
    for (const scenario of options.scenarios) {
      const data = { one: await signedIn(one.url, folder), fleet: await signedIn(fleet.url, copy) }
      const load = (server: ServerUnderTest, of: Dataset, connections: number, seconds: number) =>
        measure(server, connections, seconds, () => scenario.plaza(of))
      for (const connections of options.levels) {
        const runs = { one: [] as Figures[], fleet: [] as Figures[] }
        await load(one, data.one, connections, 2)
        await load(fleet, data.fleet, connections, 2)
        for (let i = 0; i < options.repeats; i++) {
          runs.one.push(await load(one, data.one, connections, options.seconds))
          runs.fleet.push(await load(fleet, data.fleet, connections, options.seconds))
        }
        const { id, title } = scenario
        const row = { id, title, connections, one: medians(runs.one), fleet: medians(runs.fleet) }
        rows.push(row)
        console.log(toTable([row]))
      }
    }
    console.log(`\n${toTable(rows)}\n`)
    const { seconds, repeats } = options
    const about = { machine: describeMachine(), at: new Date().toISOString(), seconds, repeats }
    await writeResults('fleet.json', { ...about, processes: fleet.names, rows })
  } finally {
    if (options.keep === undefined)
      await Promise.all([folder, copy].map(each => rm(each, { recursive: true, force: true })))
  }
}

/** Loads Reed98 into the folder, unless it holds it, and copies all of it, unless an earlier run did. */
async function copyData(folder: string, copy: string): Promise<void> {
  if (await exists(copy)) return
  {
    await using plaza = await startPlaza(folder)
    await signedIn(plaza.url, folder)
  }
  await cp(folder, copy, { recursive: true })
}

/** The data with tokens for the next quarter of an hour; kept at once, for the tokens before it are worth nothing now. */
async function signedIn(url: string, folder: string): Promise<Dataset> {
  const data = await keptDataset(url, folder)
  await refreshTokens(url, data.people)
  await keepDataset(folder, data)
  return data
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

function toTable(rows: readonly Row[]): string {
  const head = [
    '| | at once | one process/s | p50 ms | p99 ms | CPU s (node + pg) | RSS MB | fleet/s | p50 ms | p99 ms | CPU s (node + pg) | RSS MB | fleet ÷ one |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
  ]
  const lines = rows.map(({ id, title, connections, one, fleet }) =>
    [
      `${id} ${title}`,
      connections,
      ...columns(one),
      ...columns(fleet),
      `${((100 * fleet.perSecond) / one.perSecond).toFixed(0)} %`,
    ].join(' | '),
  )
  return [...head, ...lines.map(line => `| ${line} |`)].join('\n')
}

const columns = ({ perSecond, p50, p99, nodeCpu, postgresCpu, rss, errors }: Figures) => [
  `${round(perSecond)}${errors > 0 ? ` (${errors} errors)` : ''}`,
  p50.toFixed(1),
  p99.toFixed(1),
  `${nodeCpu.toFixed(2)} + ${postgresCpu.toFixed(2)}`,
  rss.toFixed(0),
]
