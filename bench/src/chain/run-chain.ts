import { randomBytes } from 'node:crypto'
import { gatewayName } from '@plaza/kernel/config'
import { cpuOfProcesses } from '../measure.ts'
import { describeMachine, round, writeResults } from '../report.ts'
import type { CallerFigures } from './callers.ts'
import { startCollector } from './collector.ts'
import type { PartOptions } from './part.ts'
import { type PartProcess, startPart } from './part-process.ts'

export interface ChainOptions {
  readonly seconds: number
  readonly repeats: number
  readonly callers: readonly number[]
  /** Share of the traces that are sampled; 0: nothing is traced. */
  readonly share: number
}

interface Row extends CallerFigures {
  readonly processes: 1 | 3
  readonly callers: number
  /** CPU seconds for 1,000 requests, by process: gateway, A, B. */
  readonly cpu: readonly number[]
  /** Calls that travelled together on the average: from the gateway, and from A. */
  readonly listCalls: readonly number[]
  readonly goal: number
}

interface Chain extends AsyncDisposable {
  readonly processes: 1 | 3
  /** The gateway first: it calls. */
  readonly parts: readonly PartProcess[]
}

/** Gateway → A → B: three processes beside one, in turn. */
export async function runChain(options: ChainOptions): Promise<void> {
  await using collector = await startCollector()
  const { share } = options
  const tracing = share === 0 ? undefined : { collector: collector.url, share }
  const shared = { secret: randomBytes(32).toString('hex'), tracing }
  await using three = await threeProcesses(shared)
  await using one = await oneProcess(shared)
  const rows: Row[] = []
  for (const callers of options.callers) {
    for (const chain of [three, one]) await chain.parts[0]!.call({ callers, seconds: 2 })
    const runs: Row[] = []
    for (let i = 0; i < options.repeats; i++) {
      for (const chain of [three, one]) runs.push(await measureChain(chain, callers, options.seconds))
    }
    rows.push(...[3, 1].map(processes => middleOf(runs.filter(row => row.processes === processes))))
  }
  const traces = share === 0 ? 'not traced' : `${share * 100} % of the traces sampled`
  console.log(`Gateway → A → B, input validated, ${traces}:\n\n${toTable(rows)}\n`)
  console.log(`The collector took ${collector.requests} batches of spans.`)
  const report = { machine: describeMachine(), at: new Date().toISOString(), ...options, rows }
  await writeResults('chain.json', report)
}

type Shared = Pick<PartOptions, 'secret' | 'tracing'>

async function threeProcesses(shared: Shared): Promise<Chain> {
  const b = await startPart({ ...shared, hosted: ['prices'], urls: {} })
  const a = await startPart({ ...shared, hosted: ['till'], urls: { prices: b.url! } })
  const gateway = await startPart({ ...shared, hosted: [gatewayName], urls: { till: a.url! } })
  return chainOf(3, [gateway, a, b])
}

async function oneProcess(shared: Shared): Promise<Chain> {
  return chainOf(1, [await startPart({ ...shared, hosted: [gatewayName, 'till', 'prices'], urls: {} })])
}

function chainOf(processes: 1 | 3, parts: readonly PartProcess[]): Chain {
  const stop = async () => {
    await Promise.all(parts.map(each => each.stop()))
  }
  return { processes, parts, [Symbol.asyncDispose]: stop }
}

async function measureChain({ processes, parts }: Chain, callers: number, seconds: number): Promise<Row> {
  const cpuNow = () => parts.map(({ pid }) => cpuOfProcesses([pid]))
  const sentNow = () => Promise.all(parts.slice(0, -1).map(each => each.sent()))
  const sentBefore = await sentNow()
  const before = cpuNow()
  const figures = await parts[0]!.call({ callers, seconds })
  const cpu = cpuNow().map((now, i) => ((now - before[i]!) * 1000) / figures.requests)
  const listCalls = (await sentNow()).map(
    ({ calls, lists }, i) => (calls - sentBefore[i]!.calls) / (lists - sentBefore[i]!.lists),
  )
  return { processes, callers, ...figures, cpu, listCalls, goal: goalOf(processes, callers) }
}

/** Goals of issue 3, requests a second. */
function goalOf(processes: 1 | 3, callers: number): number {
  if (processes === 1) return 45_000
  return callers <= 32 ? 12_000 : 20_000
}

/** The whole run with the median rate, so that its columns belong together. */
function middleOf(runs: readonly Row[]): Row {
  const sorted = runs.toSorted((a, b) => a.perSecond - b.perSecond)
  return sorted[Math.floor((sorted.length - 1) / 2)]!
}

function toTable(rows: readonly Row[]): string {
  const head = [
    '| processes | callers | requests/s | p50 ms | p99 ms | CPU s for 1,000 (gateway + A + B) | calls a list (gateway, A) | goal |',
    '|---|---|---|---|---|---|---|---|',
  ]
  const lines = rows.map(({ processes, callers, perSecond, p50, p99, cpu, listCalls, errors, goal }) =>
    [
      processes,
      callers,
      `${round(perSecond)}${errors > 0 ? ` (${errors} errors)` : ''}`,
      p50.toFixed(2),
      p99.toFixed(2),
      cpu.map(each => each.toFixed(3)).join(' + '),
      listCalls.map(each => each.toFixed(1)).join(', '),
      `${round(goal)} ${perSecond >= goal ? '✓' : '✗'}`,
    ].join(' | '),
  )
  return [...head, ...lines.map(line => `| ${line} |`)].join('\n')
}
