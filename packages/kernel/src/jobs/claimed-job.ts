import type { Context } from '../call/index.ts'
import type { Db, Tx } from '../data/database.ts'
import { toId } from '../data/typeid.ts'
import type { RunningJob } from './job.ts'
import { type Claim, extendLeases, lockJob, moveToFinished } from './job-store.ts'

/** Often enough for a person who watches. */
const progressEvery = 250

/** One run of a job. Whatever it writes names its attempt: once another run has begun, it writes nothing. */
export class ClaimedJob implements RunningJob {
  readonly claim: Claim
  readonly context: Context
  readonly #db: Db
  readonly #lease: number
  readonly #abort = new AbortController()
  #done: number
  #total: number
  #toldAt = 0
  #state: 'working' | 'finishing' | 'finished' = 'working'

  constructor(db: Db, claim: Claim, lease: number, maxDuration: number) {
    this.claim = claim
    this.#db = db
    this.#lease = lease
    this.#done = claim.done
    this.#total = claim.total
    this.context = {
      identity: undefined,
      caller: 'service',
      deadline: Date.now() + maxDuration,
      requestId: this.id,
      traceparent: undefined,
      idempotency: undefined,
      address: undefined,
      signal: this.#abort.signal,
      answer: {},
    }
  }

  get id() {
    return toId('job', this.claim.id)
  }

  get attempt() {
    return this.claim.attempts
  }

  get isFinished() {
    return this.#state === 'finished'
  }

  /** Its row is held by the transaction that finishes it, or gone. */
  get isFinishing() {
    return this.#state !== 'working'
  }

  async progress(done: number, total: number): Promise<void> {
    this.#done = Math.trunc(done)
    this.#total = Math.trunc(total)
    this.context.signal.throwIfAborted()
    const now = performance.now()
    if (this.isFinishing || (now - this.#toldAt < progressEvery && done < total)) return
    this.#toldAt = now
    if ((await extend(this.#db, [this], this.#lease)).size === 0) throw this.lose()
  }

  async finish<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.isFinishing) throw new Error(`${this.claim.kind} finishes ${this.id} twice`)
    const { id, attempts } = this.claim
    this.#state = 'finishing'
    try {
      const result = await this.#db.transaction(async tx => {
        if ((await lockJob.maybe(tx, { id, attempts })) === undefined) throw this.lose()
        const value = await work(tx)
        await moveToFinished.run(tx, this.#ending(true, JSON.stringify(value ?? null), null))
        return value
      })
      this.#state = 'finished'
      return result
    } catch (error) {
      this.#state = 'working'
      throw error
    }
  }

  /** Without a transaction of the handler's own. */
  async complete(result: unknown): Promise<void> {
    await moveToFinished.run(this.#db, this.#ending(true, JSON.stringify(result ?? null), null))
  }

  async giveUp(error: string): Promise<void> {
    await moveToFinished.run(this.#db, this.#ending(false, null, error))
  }

  /** Tells the handler to end: the job is another's now, or the process stops. */
  lose(): Error {
    const lost = new Error(`The job ${this.id} was given to another run`)
    this.#abort.abort(lost)
    return lost
  }

  get progressMade() {
    return { done: this.#done, total: this.#total }
  }

  #ending(succeeded: boolean, result: string | null, error: string | null) {
    const { id, attempts } = this.claim
    return { id, attempts, succeeded, result, error, ...this.progressMade }
  }
}

/** Extends the leases of these jobs and tells their progress; returns the ids of those that are still theirs. */
export async function extend(
  db: Db,
  jobs: readonly ClaimedJob[],
  lease: number,
): Promise<ReadonlySet<string>> {
  const rows = await extendLeases.all(db, {
    ids: jobs.map(job => job.claim.id),
    attempts: jobs.map(job => job.claim.attempts),
    done: jobs.map(job => job.progressMade.done),
    total: jobs.map(job => job.progressMade.total),
    lease,
  })
  return new Set(rows.map(row => row.id))
}
