import { unavailable } from '../contract/index.ts'
import { type Db, sql, type Tx, toId, toUuid } from '../data/index.ts'
import type { DeadLetter, PulledEvent } from './operations.ts'
import { bitOf } from './share-plan.ts'
import { leaseFor } from './share-store.ts'

/** Which of these streams have dead letters: their later events must wait behind them. */
export async function streamsWithLetters(
  tx: Tx,
  subscription: string,
  streams: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await withLetters.all(tx, { subscription, streams })
  return new Set(rows.map(row => row.stream))
}

/** Puts an event aside; without a failure it only waits for those of its stream that were parked before. */
export async function park(
  tx: Tx,
  subscription: string,
  producer: string,
  event: PulledEvent,
  failure?: { readonly attempts: number; readonly error: unknown },
): Promise<void> {
  await insert.run(tx, {
    subscription,
    producer,
    event: toUuid(event.id),
    type: event.type,
    stream: event.stream,
    version: event.version,
    data: JSON.stringify(event.data),
    happenedAt: new Date(event.at),
    attempts: failure?.attempts ?? 0,
    error: failure === undefined ? null : textOf(failure.error),
  })
}

export type Letter = Awaited<ReturnType<typeof find.all>>[number]

export async function listLetters(
  db: Db,
  after: string | undefined,
  limit: number,
): Promise<readonly Letter[]> {
  return list.all(db, { after: Number(after ?? 0), limit })
}

/** The newest first. */
export async function listLettersBefore(db: Db, before: string, limit: number): Promise<readonly Letter[]> {
  return listBefore.all(db, { before: Number(before), limit })
}

export async function findLetter(on: Db | Tx, id: string): Promise<Letter | undefined> {
  return find.maybe(on, { id: Number(id) })
}

/** The letter that its stream's others wait for. */
export async function firstLetter(tx: Tx, subscription: string, stream: string): Promise<Letter | undefined> {
  return first.maybe(tx, { subscription, stream })
}

export async function countLetters(db: Db, subscription: string, stream: string): Promise<number> {
  return (await count.one(db, { subscription, stream })).count
}

export async function deleteLetter(tx: Tx, id: number): Promise<void> {
  await remove.run(tx, { id })
}

export async function noteFailure(db: Db, id: number, error: unknown): Promise<string> {
  const text = textOf(error)
  await note.run(db, { id, error: text })
  return text
}

/** Letters change only under the lock of their stream's share, which the runner holds while it parks; `patience` as in `moveShare`. */
export async function lockShareOf(tx: Tx, subscription: string, stream: string): Promise<void> {
  const bucket = bitOf(stream)
  // A share that was split while the lock was waited for is found in its new row.
  for (let attempt = 0; attempt < 10; attempt++) {
    const locked = await lock.all(tx, { subscription, bucket, patience: String(leaseFor) })
    if (locked.length > 0) return
  }
  if ((await shares.one(tx, { subscription })).any)
    throw unavailable('The share of this stream is on its way to another instance.', { retryAfter: 1 })
}

export function letterView(letter: Letter, service: string): DeadLetter {
  const { id, event, happenedAt, parkedAt, ...rest } = letter
  return {
    ...rest,
    id: String(id),
    service,
    event: toId('event', event),
    happenedAt: happenedAt.toISOString(),
    parkedAt: parkedAt.toISOString(),
  }
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  // NUL is no text to PostgreSQL
  return text.replaceAll('\0', '').slice(0, 2_000)
}

const row = {
  id: 'int8',
  subscription: 'text',
  producer: 'text',
  event: 'uuid',
  type: 'text',
  stream: 'text',
  version: 'int8',
  data: 'jsonb',
  happenedAt: 'timestamptz',
  parkedAt: 'timestamptz',
  attempts: 'int4',
  error: 'text?',
} as const

const withLetters = sql({
  name: 'events.streams-with-letters',
  params: { subscription: 'text', streams: 'text[]' },
  row: { stream: 'text' },
})`
  select distinct stream
  from dead_letters
  where subscription = ${'subscription'}
    and stream = any(${'streams'})`

const insert = sql({
  name: 'events.park',
  params: {
    subscription: 'text',
    producer: 'text',
    event: 'uuid',
    type: 'text',
    stream: 'text',
    version: 'int8',
    data: 'jsonb',
    happenedAt: 'timestamptz',
    attempts: 'int4',
    error: 'text?',
  },
})`
  insert into dead_letters (subscription, producer, event, type, stream, version, data, happened_at, attempts, error)
  values (
    ${'subscription'}, ${'producer'}, ${'event'}, ${'type'}, ${'stream'}, ${'version'}, ${'data'}, ${'happenedAt'},
    ${'attempts'}, ${'error'}
  )
  on conflict (subscription, event) do nothing`

const list = sql({ name: 'events.list-letters', params: { after: 'int8', limit: 'int4' }, row })`
  select id, subscription, producer, event, type, stream, version, data, happened_at as "happenedAt", parked_at as "parkedAt",
    attempts, error
  from dead_letters
  where id > ${'after'}
  order by id
  limit ${'limit'}`

const listBefore = sql({
  name: 'events.list-letters-before',
  params: { before: 'int8', limit: 'int4' },
  row,
})`
  select id, subscription, producer, event, type, stream, version, data, happened_at as "happenedAt", parked_at as "parkedAt",
    attempts, error
  from dead_letters
  where id < ${'before'}
  order by id desc
  limit ${'limit'}`

const find = sql({ name: 'events.find-letter', params: { id: 'int8' }, row })`
  select id, subscription, producer, event, type, stream, version, data, happened_at as "happenedAt", parked_at as "parkedAt",
    attempts, error
  from dead_letters
  where id = ${'id'}`

const first = sql({ name: 'events.first-letter', params: { subscription: 'text', stream: 'text' }, row })`
  select id, subscription, producer, event, type, stream, version, data, happened_at as "happenedAt", parked_at as "parkedAt",
    attempts, error
  from dead_letters
  where subscription = ${'subscription'}
    and stream = ${'stream'}
  order by id
  limit 1`

const count = sql({
  name: 'events.count-letters',
  params: { subscription: 'text', stream: 'text' },
  row: { count: 'int8' },
})`
  select count(*) as count
  from dead_letters
  where subscription = ${'subscription'}
    and stream = ${'stream'}`

const remove = sql({ name: 'events.delete-letter', params: { id: 'int8' } })`
  delete from dead_letters
  where id = ${'id'}`

const note = sql({ name: 'events.note-failure', params: { id: 'int8', error: 'text' } })`
  update dead_letters
  set attempts = attempts + 1, error = ${'error'}
  where id = ${'id'}`

const lock = sql({
  name: 'events.lock-share',
  params: { subscription: 'text', bucket: 'int4', patience: 'text' },
  row: { share: 'int4', patience: 'text' },
})`
  select share, set_config('idle_in_transaction_session_timeout', ${'patience'}, true) as patience
  from subscription_shares
  where subscription = ${'subscription'}
    and buckets & ${'bucket'} <> 0
  for update`

const shares = sql({ name: 'events.has-shares', params: { subscription: 'text' }, row: { any: 'bool' } })`
  select exists (select from subscription_shares where subscription = ${'subscription'}) as any`
