import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Figures } from './measure.ts'
import type { Scenario } from './scenarios.ts'

export interface ScenarioFigures {
  readonly scenario: Pick<Scenario, 'id' | 'title'>
  readonly connections: number
  /** The reference's connections to PostgreSQL. */
  readonly pool: number
  readonly plaza: Figures
  readonly reference: Figures
}

/** A Markdown table: Plaza, the reference and the ratio of each row. CPU is for 1,000 requests: Node's, and PostgreSQL's. */
export function toTable(figures: readonly ScenarioFigures[]): string {
  const head = [
    '| | at once | Plaza/s | p50 ms | p99 ms | CPU s (node + pg) | RSS MB | reference/s (pool) | p99 ms | CPU s (node + pg) | ratio |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
  ]
  const rows = figures.map(({ scenario, connections, pool, plaza, reference }) =>
    [
      `${scenario.id} ${scenario.title}`,
      connections,
      `${round(plaza.perSecond)}${plaza.errors > 0 ? ` (${plaza.errors} errors)` : ''}`,
      plaza.p50.toFixed(1),
      plaza.p99.toFixed(1),
      `${plaza.nodeCpu.toFixed(2)} + ${plaza.postgresCpu.toFixed(2)}`,
      plaza.rss.toFixed(0),
      `${round(reference.perSecond)} (${pool})${reference.errors > 0 ? ` (${reference.errors} errors)` : ''}`,
      reference.p99.toFixed(1),
      `${reference.nodeCpu.toFixed(2)} + ${reference.postgresCpu.toFixed(2)}`,
      `${(plaza.perSecond / reference.perSecond).toFixed(2)} ×`,
    ].join(' | '),
  )
  return [...head, ...rows.map(row => `| ${row} |`)].join('\n')
}

export function describeMachine() {
  const [first] = cpus()
  return {
    cpu: first?.model,
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  }
}

/** Writes a run's figures to `bench/results`. */
export async function writeResults(name: string, report: object): Promise<void> {
  const folder = join(import.meta.dirname, '..', 'results')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, name), `${JSON.stringify(report, null, 2)}\n`)
  console.log(`bench/results/${name} has it all.`)
}

export const round = (value: number) => Math.round(value).toLocaleString('en')
