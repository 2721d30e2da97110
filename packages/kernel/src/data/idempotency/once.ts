import { type Context, timeLeft } from '../../call/index.ts'
import { stillRunning } from '../../contract/kernel-errors.ts'
import { type Db, sqlState, type Tx } from '../database.ts'
import { sql } from '../statement.ts'
import { type KeyRow, keyRow, replay, storedAnswers } from './stored-answers.ts'

const insertKey = sql({
  name: 'kernel.insert-answer',
  params: { id: 'uuid', requestHash: 'bytea', answer: 'bytea' },
  row: { id: 'uuid' },
})`
  insert into idempotency_keys (id, request_hash, answer)
  values (${'id'}, ${'requestHash'}, ${'answer'})
  on conflict (id) do nothing
  returning id`

/**
 * Runs `work` in a transaction that also keeps its answer under the request's Idempotency-Key: both are there or neither. The same request
 * again gets the first answer; at the same time, it waits for the first. Without a key it is a plain transaction. What `work` throws is not kept.
 * Throws `idempotency-key-reused`, and `still-running` when the first takes longer than this request may.
 * @example
 * const follow = await once(db, context, tx => insertFollow(tx, follower, followed))
 */
export async function once<T>(
  db: Db,
  context: Context,
  work: (tx: Tx) => Promise<T>,
  options: { readonly sealed?: boolean } = {},
): Promise<T> {
  if (context.idempotency === undefined) return db.transaction(work)
  const id = db.vault.idOf(context.idempotency)
  for (;;) {
    const outcome = await attempt(db, context, work, options.sealed ?? false)
    if (outcome !== 'taken') return outcome.answer
    const stored = (await storedAnswers(db, [id])).get(id)
    if (stored !== undefined) return replay(db, context, stored)
    if (timeLeft(context) <= 0) throw running()
  }
}

async function attempt<T>(
  db: Db,
  context: Context,
  work: (tx: Tx) => Promise<T>,
  sealed: boolean,
): Promise<{ answer: T } | 'taken'> {
  const late = Promise.withResolvers<never>()
  late.promise.catch(() => {})
  const transaction = db.transaction(async tx => {
    const answer = await work(tx)
    // Last, so that the work holds no key while it runs: a copy of the request does the work beside it, and takes it back.
    await takeKey(tx, keyRow(db, context, answer, sealed)!, timeLeft(context), late.reject)
    return { answer }
  })
  return Promise.race([transaction, late.promise]).catch(error => {
    if (error === taken) return 'taken'
    throw error
  })
}

/** Waits for whoever holds the key, but not beyond the deadline; the transaction itself ends with its lock_timeout. */
async function takeKey(
  tx: Tx,
  row: KeyRow,
  patience: number,
  onLate: (error: unknown) => void,
): Promise<void> {
  const timer = setTimeout(() => onLate(running()), Math.max(0, patience))
  try {
    if ((await insertKey.maybe(tx, row)) === undefined) throw taken
  } catch (error) {
    throw sqlState(error) === '55P03' ? taken : error
  } finally {
    clearTimeout(timer)
  }
}

const taken = new Error('The key is taken')
const running = () => stillRunning('The first request with this key still runs.', { retryAfter: 1 })
