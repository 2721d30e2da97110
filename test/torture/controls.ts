import { setTimeout as sleep } from 'node:timers/promises'
import { type Db, openDatabase } from '@plaza/kernel/data'
import { appendEvents, newEvent, startEventLog } from '@plaza/kernel/events'
import { makeMetrics } from '@plaza/kernel/telemetry'
import pg from 'pg'
import { happenings, quiet } from './happenings.ts'
import type { Truth } from './verdict.ts'

/** The usual wrong way, beside the right one: `position > cursor`. It must lose events, or the torture is none. */
export class PlainCursor {
  readonly #seen = new Set<number>()
  readonly #url: string
  #cursor: number
  #on = true
  readonly #ended: Promise<void>

  constructor(url: string, from: number) {
    this.#url = url
    this.#cursor = from
    this.#ended = this.#run()
  }

  async lostOf(truth: Truth): Promise<number> {
    this.#on = false
    await this.#ended
    return [...truth.ids.values()].filter(({ position }) => !this.#seen.has(position)).length
  }

  async #run(): Promise<void> {
    while (this.#on) {
      const client = new pg.Client({ connectionString: this.#url })
      client.on('error', () => {})
      try {
        await client.connect()
        while (this.#on) {
          await this.#poll(client)
          await sleep(20)
        }
        while ((await this.#poll(client)) > 0);
      } catch {
        await sleep(100)
      } finally {
        await client.end().catch(() => {})
      }
    }
  }

  async #poll(client: pg.Client): Promise<number> {
    const { rows } = await client.query({
      name: 'poll',
      text: `select position from ${happenings.name}.events where position > $1 order by position limit 5000`,
      values: [this.#cursor],
    })
    for (const row of rows) this.#seen.add(Number(row.position))
    this.#cursor = Number(rows.at(-1)?.position ?? this.#cursor)
    return rows.length
  }
}

/** A log whose sequence hands each connection 20 positions at a time, read by Plaza's own reader: streams must come out turned round. */
export async function inversionsWithCachedSequence(
  ownerUrl: string,
  url: string,
  schema: string,
  ms: number,
): Promise<number> {
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  await owner.query(`alter sequence ${schema}.events_position cache 20`)
  await owner.end()
  const db = openDatabase({ url, schema, connections: 8 })
  const log = await startEventLog({ service: schema, db, log: quiet, metrics: makeMetrics() })
  try {
    const until = Date.now() + ms
    await Promise.all(Array.from({ length: 8 }, () => writeUntil(db, until)))
    const { events } = await log.handlers.$pullEvents({ limit: 5_000, wait: 500 })
    const versions = new Map<string, number>()
    let inversions = 0
    for (const { stream, version } of events) {
      if (version < (versions.get(stream) ?? 0)) inversions++
      versions.set(stream, version)
    }
    return inversions
  } finally {
    await log.stop()
    await db.close()
  }
}

async function writeUntil(db: Db, until: number): Promise<void> {
  for (let n = 0; Date.now() < until; n++) {
    const stream = `stream ${n % 5}`
    await db.transaction(tx => appendEvents(tx, [newEvent(happenings, 'happened', stream, { n })]))
  }
}
