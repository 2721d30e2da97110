import type { Static } from 'typebox'
import { unavailable } from '../contract/index.ts'
import { sql, type Tx } from '../data/index.ts'
import { type EventCursor, type OpenCursor, openBatch, placeOf, sizeOf, type TickPoint } from './cursor.ts'
import type { eventOperations } from './operations.ts'
import { type BatchPage, readPage } from './read-batch.ts'
import { resume } from './resume.ts'
import type { SideConnection } from './side-connection.ts'
import type { LiveLog } from './ticker.ts'

export type PullInput = Static<(typeof eventOperations.$pullEvents)['input']>
export type Pulled = Static<(typeof eventOperations.$pullEvents)['output']>

export interface PullSource {
  /** The log, while there is a connection to it. */
  readonly live: LiveLog | undefined
  /** Resolves at the next tick, when the log goes away, when pulls shall wait no more; after `ms` at the latest. */
  untilNews(ms: number): Promise<void>
  readonly draining: boolean
  /** For large batches, so that ticks need not wait for them. */
  readonly side: SideConnection
}

/** Reads what comes after a cursor; waits for it, up to `wait` ms, when there is nothing yet. */
export class Puller {
  readonly #source: PullSource
  readonly #shared = new Map<string, { readonly page: Promise<BatchPage>; readonly at: number }>()

  constructor(source: PullSource) {
    this.#source = source
  }

  async pull(input: PullInput): Promise<Pulled> {
    if (this.#source.draining) throw unavailable('This process is stopping.', { retryAfter: 1 })
    const until = performance.now() + input.wait
    await this.#untilLive(until)
    let { cursor, wentBackTo } = await this.#begin(input)
    let page: BatchPage | undefined
    while (true) {
      const live = this.#assertLive()
      if (cursor.branch !== live.examined.branch) throw changed()
      const to = await newestFor(live, cursor)
      if (to === undefined) {
        cursor = await nextEra(live, cursor)
        continue
      }
      if (cursor.batch !== undefined || to.tick > cursor.from.tick) {
        page = await this.#read(live, cursor, to, input.limit)
        cursor = page.cursor
        const events = wanted(page.events, input.types)
        if (events.length > 0) return this.#answer(page, events, wentBackTo)
      }
      const left = until - performance.now()
      const level = cursor.batch === undefined && cursor.from.tick >= live.examined.newest.tick
      if (left <= 0 || this.#source.draining || wentBackTo !== null) {
        return this.#answer(
          page ?? { events: [], batch: openBatch(cursor, cursor.from), cursor },
          [],
          wentBackTo,
        )
      }
      if (level) await this.#source.untilNews(left)
    }
  }

  #answer(page: BatchPage, events: Pulled['events'], wentBackTo: number | null): Pulled {
    const newest = this.#source.live?.examined.newest ?? page.cursor.from
    const behind = Math.max(0, newest.total - page.cursor.from.total)
    return { events, batch: page.batch, cursor: page.cursor, behind, wentBackTo }
  }

  async #begin(input: PullInput) {
    const live = this.#assertLive()
    const { branch, newest } = live.examined
    if (input.cursor !== undefined) {
      const ahead = (input.cursor.batch?.to ?? input.cursor.from).tick > newest.tick
      if (input.cursor.branch === branch && !ahead) return { cursor: input.cursor, wentBackTo: null }
      return resume(live.connection.on, await currentState(live), input.cursor, input.remembered)
    }
    if (input.begin === 'now') return { cursor: { branch, from: newest } as EventCursor, wentBackTo: null }
    const from = await tickRow.one(live.connection.on, { tick: 0 })
    return { cursor: { branch, from } as EventCursor, wentBackTo: null }
  }

  // A server that restarts is back in seconds: those who wait for news wait for it too.
  async #untilLive(until: number): Promise<void> {
    while (this.#source.live === undefined && !this.#source.draining) {
      const left = until - performance.now()
      if (left <= 0) return
      await this.#source.untilNews(left)
    }
  }

  #assertLive(): LiveLog {
    const { live } = this.#source
    if (live === undefined) throw unavailable('The event log is out of reach.', { retryAfter: 1 })
    return live
  }

  // Subscribers that are level, or keep the same pace, read the same batch at the same moment: it is read once.
  async #read(live: LiveLog, cursor: EventCursor, to: TickPoint, limit: number): Promise<BatchPage> {
    const opened = openBatch(cursor, to)
    const isLarge = sizeOf(opened) >= limit
    if (cursor.batch !== undefined && !isLarge) await assertSameLog(live.connection.on, opened)
    const key = `${placeOf(opened)} ${limit}`
    const now = performance.now()
    const known = this.#shared.get(key)
    if (known !== undefined && now - known.at < sharedFor) return known.page
    const page = isLarge
      ? this.#source.side.use(async on => {
          await assertSameLog(on, opened)
          return readPage(on, opened, limit)
        })
      : readPage(live.connection.on, opened, limit)
    this.#shared.delete(key)
    this.#shared.set(key, { page, at: now })
    page.catch(() => this.#shared.delete(key))
    if (this.#shared.size > sharedBatches) this.#shared.delete(this.#shared.keys().next().value!)
    return page
  }
}

const sharedBatches = 16
const sharedFor = 100

function wanted(events: BatchPage['events'], types: readonly string[] | undefined): Pulled['events'] {
  return (
    types === undefined ? events : events.filter(event => types.includes(event.type))
  ) as Pulled['events']
}

// What is read must be on the server that the batch's end was read on, or on one that has it already.
async function assertSameLog(on: Tx, cursor: OpenCursor): Promise<void> {
  const row = await sameLog.maybe(on, {})
  if (row === undefined || row.branch !== cursor.branch || row.newest < cursor.batch.to.tick) throw changed()
}

const changed = () => unavailable('The event log has changed while it was read.', { retryAfter: 1 })

/** The end of the next batch: the newest tick, or the closing tick of an earlier era; undefined when that era is read to its end. */
async function newestFor(live: LiveLog, cursor: EventCursor): Promise<TickPoint | undefined> {
  const { newest } = live.examined
  if (cursor.from.era === newest.era) return newest
  const closing = await closingTick.one(live.connection.on, { era: cursor.from.era })
  return cursor.batch === undefined && cursor.from.tick >= closing.tick ? undefined : closing
}

async function nextEra(live: LiveLog, cursor: EventCursor): Promise<EventCursor> {
  const opening = await tickRow.one(live.connection.on, { tick: cursor.from.tick + 1 })
  return { branch: cursor.branch, from: opening }
}

async function currentState(live: LiveLog) {
  const row = await sameLog.maybe(live.connection.on, {})
  if (row === undefined || row.branch !== live.examined.branch) throw changed()
  const newest = await tickRow.one(live.connection.on, { tick: row.newest })
  return { branch: row.branch, newest }
}

const point = { tick: 'int8', era: 'int4', snapshot: 'text', total: 'int8', high: 'int8' } as const

const tickRow = sql({ name: 'events.tick-row', params: { tick: 'int8' }, row: point })`
  select tick, era, snapshot::text, total, high
  from ticks
  where tick = ${'tick'}`

const closingTick = sql({ name: 'events.closing-tick', params: { era: 'int4' }, row: point })`
  select tick, era, snapshot::text, total, high
  from ticks
  where tick = (select min(base_tick) + 1 from histories where era > ${'era'})`

const sameLog = sql({ name: 'events.same-log', row: { branch: 'text', newest: 'int8' } })`
  select histories.token::text as branch, (select max(tick) from ticks) as newest
  from log
  join histories using (branch)
  where log.started = pg_postmaster_start_time()`
