import type { Context } from '../../call/index.ts'
import { keyReused } from '../../contract/kernel-errors.ts'
import type { Db, Tx } from '../database.ts'
import { sql } from '../statement.ts'
import type { Uuid } from '../typeid.ts'

/** A row of `idempotency_keys`, for a statement that writes it beside its effect. */
export interface KeyRow {
  readonly id: Uuid
  readonly requestHash: Buffer
  readonly answer: Buffer
}

/** A row as it was found. */
export type StoredAnswer = KeyRow

const findAnswers = sql({
  name: 'kernel.find-answers',
  params: { ids: 'uuid[]' },
  row: { id: 'uuid', requestHash: 'bytea', answer: 'bytea' },
})`
  select id, request_hash as "requestHash", answer
  from idempotency_keys
  where id = any(${'ids'})`

const deleteExpired = sql({ name: 'kernel.delete-expired-answers', params: { limit: 'int4' } })`
  delete from idempotency_keys
  where id = any(array(
    select id
    from idempotency_keys
    where at < now() - interval '24 hours'
    order by at
    limit ${'limit'}
    for update skip locked
  ))`

const deleteOfOwner = sql({
  name: 'kernel.delete-answers-of-owner',
  params: { first: 'uuid', last: 'uuid', limit: 'int4' },
})`
  delete from idempotency_keys
  where id = any(array(
    select id
    from idempotency_keys
    where id between ${'first'} and ${'last'}
    limit ${'limit'}
  ))`

/**
 * The key row of this request with its answer to be; undefined when the client gave no Idempotency-Key. `sealed`: the answer holds secrets.
 * @example
 * const row = { id, text, key: keyRow(db, context, post) } // for a grouped statement that inserts both, the key first
 */
export function keyRow(db: Db, context: Context, answer: unknown, sealed = false): KeyRow | undefined {
  const { idempotency } = context
  if (idempotency === undefined) return undefined
  return {
    id: db.vault.idOf(idempotency),
    requestHash: db.vault.fingerprintOf(idempotency),
    answer: db.vault.encode(idempotency, answer, sealed),
  }
}

/** What is stored under these ids, by id: for the read-back of a grouped statement. */
export async function storedAnswers(
  on: Db | Tx,
  ids: readonly Uuid[],
): Promise<ReadonlyMap<Uuid, StoredAnswer>> {
  return new Map((await findAnswers.all(on, { ids })).map(row => [row.id, row]))
}

/** The first answer, given again and marked so. Throws `idempotency-key-reused` when it answered another request. */
export function replay<T>(db: Db, context: Context, stored: StoredAnswer): T {
  const idempotency = context.idempotency!
  if (!db.vault.fingerprintOf(idempotency).equals(stored.requestHash))
    throw keyReused(
      `The key ${JSON.stringify(idempotency.key)} was used with another request. Take a new one.`,
    )
  context.answer.replayed = true
  return db.vault.decode(idempotency, stored.answer) as T
}

/**
 * The first answer to this request's Idempotency-Key, if there is one: asked when the request failed, for it may have been refused for what
 * its own first run changed. Throws `idempotency-key-reused`.
 */
export async function answeredBefore(
  db: Db,
  context: Context,
): Promise<{ readonly answer: unknown } | undefined> {
  if (context.idempotency === undefined) return undefined
  const id = db.vault.idOf(context.idempotency)
  const stored = (await storedAnswers(db, [id])).get(id)
  return stored && { answer: replay(db, context, stored) }
}

/** Deletes answers that were given to a person, at most `limit` at a time; returns how many. */
export const deleteAnswersOf = (db: Db, owner: string, limit = 1_000) =>
  deleteOfOwner.run(db, { ...db.vault.idsOf(owner), limit })

/** Deletes answers older than a day, at most `limit` at a time; returns how many. */
export const deleteExpiredAnswers = (db: Db, limit = 5_000) => deleteExpired.run(db, { limit })
