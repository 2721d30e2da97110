import { readdirSync, readFileSync } from 'node:fs'
import autocannon from 'autocannon'

export interface BenchRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Figures {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU seconds of the server's Node and PostgreSQL processes for 1,000 requests. */
  readonly nodeCpu: number
  readonly postgresCpu: number
  /** Resident memory of all Node processes in MB at the end. */
  readonly rss: number
  readonly errors: number
}

export interface ServerUnderTest {
  /** Where the load goes; several gateways take turns. */
  readonly url: string
  readonly urls?: readonly string[]
  /** The server's Node processes; a fleet has several. */
  readonly nodePids: readonly number[]
  /** The postmaster of the server's database. */
  readonly postgresPid: number
}

/** Loads a server from this process: keep-alive, a closed loop of `connections`, for `seconds`; each request is made by `next`. */
export async function measure(
  server: ServerUnderTest,
  connections: number,
  seconds: number,
  next: () => BenchRequest,
): Promise<Figures> {
  const before = cpuOf(server)
  const latencies: number[] = []
  let errors = 0
  const options: autocannon.Options = {
    // Its types know one address only.
    url: (server.urls ?? [server.url]) as never,
    connections,
    duration: seconds,
    requests: [{ setupRequest: request => ({ ...request, ...next() }) }],
  }
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon(options, (error, done) => (error ? reject(error) : resolve(done)))
    run.on('response', (_client, status, _bytes, ms) => {
      latencies.push(ms)
      // 404 is the right answer where one of the two blocked the other.
      if (status >= 300 && status !== 404) errors++
    })
  })
  const after = cpuOf(server)
  const sorted = Float64Array.from(latencies).sort()
  const thousands = sorted.length / 1000
  return {
    perSecond: sorted.length / result.duration,
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    nodeCpu: (after.node - before.node) / thousands,
    postgresCpu: (after.postgres - before.postgres) / thousands,
    rss: residentMegabytes(server.nodePids),
    errors: errors + result.errors + result.timeouts,
  }
}

/** The p-th percentile (0–100) of ascending numbers. */
export function percentile(ascending: Float64Array, p: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor((ascending.length * p) / 100))] ?? Number.NaN
}

function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values).sort(), 50)
}

/** Each column's median; errors are added up. */
export function medians(runs: readonly Figures[]): Figures {
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

/** Resident memory of processes, together, in MB. */
export function residentMegabytes(pids: readonly number[]): number {
  return sum(pids, pid => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  })
}

/** CPU seconds of processes so far, together. */
export function cpuOfProcesses(pids: readonly number[]): number {
  return sum(pids, pid => statOf(pid)?.own ?? 0)
}

// CPU seconds so far. PostgreSQL counts its ended processes into the postmaster (cutime, cstime).
function cpuOf(server: ServerUnderTest) {
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => statOf(pid)?.parent === server.postgresPid)
  const own = statOf(server.postgresPid)
  const postgres = cpuOfProcesses(children) + (own?.own ?? 0) + (own?.ended ?? 0)
  return { node: cpuOfProcesses(server.nodePids), postgres }
}

const ticksPerSecond = 100

function statOf(pid: number) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const seconds = (a: number, b: number) => ((fields[a] ?? 0) + (fields[b] ?? 0)) / ticksPerSecond
    return { parent: fields[1], own: seconds(11, 12), ended: seconds(13, 14) }
  } catch {
    return undefined // it ended meanwhile
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
