import { flushCompileCache } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Db, openDatabase } from '@plaza/kernel/data'
import { appendEvents, newEvent, startEventLog } from '@plaza/kernel/events'
import { seededRandom } from '@plaza/kernel/service'
import { makeMetrics } from '@plaza/kernel/telemetry'
import type pg from 'pg'
import { happenings, quiet, streamCount, taskOf, type WriterTask } from './happenings.ts'

// A process that writes events in every ugly way, and ticks for them. It is killed, stopped and restarted.
const task = taskOf<WriterTask>()
const random = seededRandom(task.seed)
const between = (low: number, high: number) => low + random() * (high - low)
let writing = true
process.on('message', () => {
  writing = false
})
process.on('disconnect', () => process.exit())

const db = openDatabase({ url: task.url, schema: happenings.name, connections: 4 })
let n = 0
await untilItWorks(() => commitOrphans(db))
await untilItWorks(() => startEventLog({ service: happenings.name, db, log: quiet, metrics: makeMetrics() }))
process.send?.('running')
flushCompileCache() // else only who ends in peace leaves one
await Promise.all(Array.from({ length: task.writers }, (_, i) => keepWriting(i)))
process.send?.('quiet')
setInterval(() => {}, 1_000)

async function keepWriting(writer: number): Promise<void> {
  let client: pg.Client | undefined
  while (writing) {
    try {
      client ??= await connect()
      await write(writer, client)
    } catch {
      // The server went away, or a lock was not had in time: what was not committed did not happen.
      await client?.end().catch(() => {})
      client = undefined
      await sleep(20)
    }
    await sleep(between(10, 90))
  }
}

async function connect(): Promise<pg.Client> {
  const client = await db.connect()
  client.on('error', () => {})
  return client
}

async function write(writer: number, client: pg.Client): Promise<void> {
  const dice = random()
  if (dice < 0.5) return plainly(1)
  if (dice < 0.65) return plainly(Math.ceil(between(2, 10)))
  if (dice < 0.66) return plainly(200)
  const append = (count: number, stream?: string) =>
    client.query({ name: 'append', text: appendSql, values: arraysOf(count, stream) })
  await client.query('begin')
  if (dice < 0.76) {
    await append(1)
    await client.query('savepoint a')
    await append(3)
    await client.query('rollback to a')
    await append(2)
    await client.query('savepoint b')
    await append(1)
    await client.query('release b')
    await client.query('commit')
  } else if (dice < 0.84) {
    await append(5)
    await client.query('rollback')
  } else if (dice < 0.94) {
    await client.query('select pg_current_xact_id()')
    await sleep(between(5, 600))
    await append(1)
    await client.query('commit')
  } else if (dice < 0.99) {
    const gid = `host${task.host} ${writer} ${process.pid} ${++n}`
    await append(2)
    await client.query(`prepare transaction '${gid}'`)
    await sleep(between(1, 200))
    await client.query(`commit prepared '${gid}'`)
  } else {
    await append(3, `slow ${task.host} ${writer}`)
    await sleep(between(3_000, 9_000))
    await client.query('commit')
  }
  db.committed()
}

async function plainly(count: number): Promise<void> {
  const events = Array.from({ length: count }, () =>
    newEvent(happenings, 'happened', streamName(), { n: ++n }),
  )
  await db.transaction(tx => appendEvents(tx, events))
}

const appendSql = 'select from append_events($1::uuid[], $2::text[], $3::text[], $4::jsonb[])'

function arraysOf(count: number, stream?: string) {
  const each = Array.from({ length: count })
  return [
    each.map(() => crypto.randomUUID()),
    each.map(() => stream ?? streamName()),
    each.map(() => 'happened'),
    each.map(() => JSON.stringify({ n: ++n })),
  ]
}

function streamName(): string {
  return `stream ${Math.floor(random() * streamCount)}`
}

// What an earlier life of this process had prepared and not yet committed.
async function commitOrphans(on: Db): Promise<void> {
  const client = await on.connect()
  try {
    const { rows } = await client.query('select gid from pg_prepared_xacts where gid like $1', [
      `host${task.host} %`,
    ])
    for (const { gid } of rows) await client.query(`commit prepared '${gid}'`)
  } finally {
    await client.end()
  }
}

async function untilItWorks(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work()
      return
    } catch {
      await sleep(50)
    }
  }
}
