import type { Db } from '../data/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { Doorbell } from './doorbell.ts'
import { forgetHandled } from './handled-store.ts'
import { connectToLog, type LogConnection } from './log-connection.ts'
import { openLog } from './open-log.ts'
import { makeMonthsAhead, trimTicks } from './retention.ts'
import { type Examined, follow, tick } from './tick.ts'

/** A log as this process sees it while its connection lives: one server, one run. */
export interface LiveLog {
  readonly connection: LogConnection
  readonly since: number
  examined: Examined
}

export interface TickerOptions {
  readonly db: Db
  readonly log: Logger
  /** False: it only follows the ticks of other processes. */
  readonly ticks: boolean
  /** Hears of each newer tick, made here or elsewhere, and of a log that went away (undefined). */
  readonly onTick: (live: LiveLog | undefined) => void
}

const betweenTicks = 5
const mostBetweenTicks = 50
const busyPoll = 250
const idlePoll = 1_000
const busyFor = 10_000
const housekeepingEvery = 600_000
const silenceAllowed = 20_000

/**
 * Ticks for what this process commits, at most every 5 ms and no more than a third of the time; for what others left (a process that died between its commit and its tick) it
 * looks every 250 ms while events come and every second when not. Any number of tickers may run: the first of two wins, nothing is lost.
 */
export class Ticker {
  readonly #options: TickerOptions
  readonly #channel: string
  readonly #bell = new Doorbell()
  readonly #watch: NodeJS.Timeout
  #live: LiveLog | undefined
  #ending: Promise<void> | undefined
  #stopped = false
  #making = 0
  #lastNews = 0
  #nextHousekeeping = 0
  #ended: Promise<void> = Promise.resolve()

  constructor(options: TickerOptions) {
    this.#options = options
    this.#channel = `${options.db.schema}.ticks`
    this.#watch = setInterval(() => this.#dropSilentConnection(), 5_000).unref()
  }

  /** The log, while there is a connection to it. */
  get live(): LiveLog | undefined {
    return this.#live
  }

  /** Connects and opens the log; throws when that fails. From then on it reconnects by itself. */
  async start(): Promise<void> {
    const live = await this.#open()
    this.#options.db.onCommitted(() => this.#bell.ring())
    this.#options.db.onRefused(() => this.#reopen())
    this.#ended = this.#run(live)
  }

  /** Looks as soon as it may. */
  lookSoon(): void {
    this.#bell.ring()
  }

  /** Looks a last time, so that what was just committed need not wait for another process, and closes the connection. */
  stop(): Promise<void> {
    this.#ending ??= (async () => {
      this.#stopped = true
      this.#bell.ring()
      await this.#ended
      clearInterval(this.#watch)
    })()
    return this.#ending
  }

  async #run(first: LiveLog): Promise<void> {
    let live: LiveLog | undefined = first
    let failures = 0
    while (true) {
      try {
        live ??= await this.#open()
        failures = 0
        await this.#serve(live)
      } catch (error) {
        failures++
        this.#options.log.warn({ err: error }, 'The event log is out of reach: trying again')
      }
      this.#setLive(undefined)
      await live?.connection[Symbol.asyncDispose]()
      live = undefined
      if (this.#stopped) return
      await this.#bell.sleep(reconnectPause(failures))
      if (this.#stopped) return
    }
  }

  async #open(): Promise<LiveLog> {
    const connection = await connectToLog(this.#options.db)
    try {
      const state = await openLog(connection.on)
      await connection.listen(this.#channel, payload => this.#hear(Number(payload)))
      const since = performance.now()
      const live: LiveLog = { connection, since, examined: { ...state, snapshot: state.newest.snapshot } }
      this.#setLive(live)
      return live
    } catch (error) {
      await connection[Symbol.asyncDispose]()
      throw error
    }
  }

  async #serve(live: LiveLog): Promise<void> {
    void live.connection.lost.then(() => this.#bell.ring())
    while (true) {
      const looked = performance.now()
      const again = await this.#look(live)
      if (this.#stopped) return
      const period = periodAfter(performance.now() - looked)
      if (performance.now() >= this.#nextHousekeeping) await this.#keepHouse()
      const rest = period - (performance.now() - looked)
      if (again) await pause(rest)
      else if (await this.#bell.sleep(this.#pollEvery())) await pause(rest)
    }
  }

  async #look(live: LiveLog): Promise<boolean> {
    const before = live.examined.newest.tick
    this.#making = before + 1
    const { examined, again } = this.#options.ticks
      ? await tick(live.connection.on, this.#channel, live.examined)
      : await follow(live.connection.on)
    if (examined === undefined) throw new Error('The log is not open on this server any more')
    const sameRun = examined.branch === live.examined.branch
    live.examined = examined
    if (!sameRun || examined.newest.tick !== before) {
      this.#lastNews = performance.now()
      this.#options.onTick(live)
    }
    return again
  }

  #hear(heard: number): void {
    // What this ticker tells others it hears itself, before it has the answer.
    if (heard > this.#making) this.#bell.ring()
  }

  #pollEvery(): number {
    return performance.now() - this.#lastNews < busyFor ? busyPoll : idlePoll
  }

  #setLive(live: LiveLog | undefined): void {
    this.#live = live
    this.#options.onTick(live)
  }

  // Writers reach a server on which the log was not opened: the connection here may lead to another one.
  #reopen(): void {
    if (this.#live !== undefined && performance.now() - this.#live.since > 1_000)
      this.#live.connection.destroy()
  }

  #dropSilentConnection(): void {
    const connection = this.#live?.connection
    if (connection !== undefined && connection.silentFor() > silenceAllowed) connection.destroy()
  }

  async #keepHouse(): Promise<void> {
    this.#nextHousekeeping = performance.now() + housekeepingEvery
    try {
      await makeMonthsAhead(this.#options.db)
      await trimTicks(this.#options.db)
      await forgetHandled(this.#options.db)
    } catch (error) {
      this.#options.log.warn(
        { err: error },
        'Could not make months ahead or drop what is old: trying again later',
      )
    }
  }
}

// A tick flushes the log of the server: where that is slow, writers would wait for ticks most of the time.
const periodAfter = (took: number) => Math.min(Math.max(betweenTicks, 3 * took), mostBetweenTicks)

const pause = (ms: number) => (ms > 0 ? new Promise<void>(resolve => setTimeout(resolve, ms)) : undefined)

// Each moment a log is out of reach its subscribers wait; after a crash a server is back in seconds.
function reconnectPause(failures: number): number {
  const most = failures < 50 ? 100 : 1_000
  return Math.min(most, 25 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2)
}
