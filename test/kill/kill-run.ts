import { ownerUrlOf } from '@plaza/kernel/postgres'
import { seededRandom } from '@plaza/kernel/service'
import pg from 'pg'
import { killWhileStarting, type PlazaProcess, startPlaza, temporaryFolder } from '../plaza-process.ts'
import { compare } from './compare.ts'
import { environment } from './environment.ts'
import { Ledger } from './ledger.ts'
import { killAll, serverProcesses } from './server-processes.ts'
import { assertDurable } from './verify-tables.ts'
import { type Tally, Writer } from './writer.ts'

export interface KillRunOptions {
  readonly rounds: number
  /** Decides when what is killed; what the load does in between depends on the machine. */
  readonly seed: number
  /** The load lasts at most this long before the kill (ms). */
  readonly longest: number
  readonly writers: number
}

export interface Round {
  readonly round: number
  /** Whether PostgreSQL's processes went too. */
  readonly withServer: boolean
  readonly loadMs: number
  readonly answered: number
  readonly unsure: number
  readonly unanswered: number
  /** It was killed a second time while it started again. */
  readonly killedInStart: boolean
  readonly readyMs: number
  readonly posts: number
}

/** The Plaza that survived: for controls, which spoil it and see that it is noticed. */
export interface Again {
  readonly client: pg.Client
  compare(within?: number): Promise<void>
}

/** Longest a start after a crash may take, by the issue this proves (ms). */
const readyWithin = 10_000

/**
 * Kills a Plaza again and again under load, each time starts it on the same data, asks again what was left unanswered, and compares
 * everything with what was answered. Throws at the first difference.
 */
export async function runKills(
  options: KillRunOptions,
  tell: (round: Round) => void,
  afterwards: (again: Again) => Promise<void> = async () => {},
): Promise<void> {
  const random = seededRandom(options.seed)
  await using folder = await temporaryFolder()
  const dataFolder = folder.path
  const ledger = new Ledger()
  const writers = Array.from(
    { length: options.writers },
    (_, n) => new Writer(`writer_${n}`, ledger, seededRandom(options.seed + n + 1)),
  )
  let plaza = await start(dataFolder)
  try {
    await withOwner(dataFolder, assertDurable)
    await Promise.all(writers.map(each => each.enter(plaza.url)))
    const withServer = halfOf(options.rounds, random)
    for (let n = 0; n < options.rounds; n++) {
      const loadMs = 200 + random() * (options.longest - 200)
      const tally: Tally = { answered: 0, unsure: 0, cutOff: 0 }
      await loadAndKill(plaza, writers, tally, { dataFolder, loadMs, withServer: withServer[n]!, random })
      const unanswered = writers.filter(each => each.hasPending).length
      const killedInStart = n % 5 === 2
      if (killedInStart) await killWhileStarting({ dataFolder, env: environment }, random() * 1_500)
      plaza = await start(dataFolder)
      if (plaza.readyAfter > readyWithin)
        throw new Error(`Round ${n + 1}: ready only after ${plaza.readyAfter} ms`)
      await verify(plaza.url, dataFolder, ledger, writers, n === options.rounds - 1)
      const { answered, unsure } = tally
      const { posts } = ledger.totals
      const readyMs = plaza.readyAfter
      tell({
        round: n + 1,
        withServer: withServer[n]!,
        loadMs,
        answered,
        unsure,
        unanswered,
        killedInStart,
        readyMs,
        posts,
      })
    }
    await withOwner(dataFolder, client =>
      afterwards({ client, compare: within => compare(plaza.url, client, ledger, writers, true, within) }),
    )
    const { code } = await plaza.stop()
    if (code !== 0) throw new Error(`The last Plaza ended with ${code}\n${plaza.output()}`)
  } catch (error) {
    const output = plaza.output().split('\n').slice(-30).join('\n')
    throw new Error(`${(error as Error).message}\n\nThe last Plaza wrote:\n${output}`, { cause: error })
  } finally {
    await plaza.kill()
    killAll(await serverProcesses(dataFolder).catch(() => []))
  }
}

interface Kill {
  readonly dataFolder: string
  readonly loadMs: number
  readonly withServer: boolean
  readonly random: () => number
}

async function loadAndKill(
  plaza: PlazaProcess,
  writers: readonly Writer[],
  tally: Tally,
  kill: Kill,
): Promise<void> {
  const stop = new AbortController()
  const working = Promise.all(writers.map(each => each.work(plaza.url, tally, stop.signal)))
  // A writer that is refused throws: then there is nothing left to wait for.
  await Promise.race([working, new Promise(resolve => setTimeout(resolve, kill.loadMs))])
  const server = kill.withServer ? await serverProcesses(kill.dataFolder) : []
  // Whichever dies first: there is a moment in which one works without the other.
  const serverFirst = kill.random() < 0.5
  if (serverFirst) killAll(server)
  const gone = plaza.kill()
  if (!serverFirst) killAll(server)
  await gone
  stop.abort()
  await working
}

function start(dataFolder: string): Promise<PlazaProcess> {
  return startPlaza({ dataFolder, env: environment })
}

async function verify(
  url: string,
  dataFolder: string,
  ledger: Ledger,
  writers: readonly Writer[],
  everything: boolean,
): Promise<void> {
  for (const writer of writers) await writer.repeatUnanswered(url)
  await withOwner(dataFolder, owner => compare(url, owner, ledger, writers, everything))
}

async function withOwner(dataFolder: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: await ownerUrlOf(dataFolder) })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

/** As many true as false (one more false if odd), in random order. */
function halfOf(count: number, random: () => number): boolean[] {
  const all = Array.from({ length: count }, (_, i) => ({ wanted: i % 2 === 1, at: random() }))
  return all.toSorted((a, b) => a.at - b.at).map(each => each.wanted)
}
