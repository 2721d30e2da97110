import type { Counter, Gauge, Histogram } from 'prom-client'
import { isAppError } from '../contract/app-error.ts'
import type { ErrorCategory } from '../contract/index.ts'
import type { Db } from '../data/database.ts'
import type { Handler } from '../service/service.ts'
import type { Logger, Metrics } from '../telemetry/index.ts'
import { jobsOverTables } from './add-job.ts'
import { ClaimedJob, extend } from './claimed-job.ts'
import { findJobHandler } from './find-job.ts'
import { type Housekeeping, startHousekeeping } from './housekeeping.ts'
import type { JobHandlers, Jobs, JobView } from './job.ts'
import { type Claim, claimJobs, nextDue, tryAgainLater } from './job-store.ts'

export interface JobsOptions {
  readonly service: string
  readonly db: Db
  readonly log: Logger
  readonly metrics: Metrics
  /** Jobs at most that run here at one time (default 2: the pool has 3 connections). */
  readonly atOnce?: number
  /** Ms after which a job whose process fell silent is given to another run (default 15,000). */
  readonly lease?: number
  /** How often a job is begun at most (default 12: over about two hours). */
  readonly maxAttempts?: number
  /** Ms before the second attempt; doubled for each further one, at most an hour (default 1,000). */
  readonly backoff?: number
  /** Ms at most between two looks for work that another process left (default 10,000). */
  readonly pollEvery?: number
}

/** The jobs of one service in this process. */
export interface JobRunner {
  readonly jobs: Jobs
  /** The handlers of `jobOperations`. */
  readonly handlers: { readonly $findJob: Handler<{ id: `job_${string}` }, JobView | null> }
  /** Begins to take jobs of the kinds that have a handler. */
  start(handlers: JobHandlers): Promise<void>
  /**
   * Takes no more jobs and waits for those that run, at most `within` ms (default 5,000); the rest are told to end by their signal
   * and given back, to be begun again here or elsewhere.
   */
  stop(within?: number): Promise<void>
}

/** Makes a service's jobs ready to be added to; `start` begins to run them. */
export function startJobs(options: JobsOptions): JobRunner {
  let runner: Runner | undefined
  let housekeeping: Housekeeping | undefined
  return {
    jobs: jobsOverTables(() => runner?.wake()),
    handlers: { $findJob: findJobHandler(options.db) },
    start: async handlers => {
      housekeeping = startHousekeeping(options.db, options.log)
      if (Object.keys(handlers).length === 0) return
      runner = new Runner(options, handlers)
      runner.wake()
    },
    stop: async within => {
      await Promise.all([housekeeping?.stop(), runner?.stop(within ?? 5_000)])
    },
  }
}

const hour = 3_600_000
const maxDuration = 24 * hour
/** A failure of these categories would be the same tomorrow. */
const finalCategories: ReadonlySet<ErrorCategory> = new Set<ErrorCategory>([
  'invalid',
  'forbidden',
  'not-found',
  'conflict',
  'rule',
  'too-large',
  'unsupported',
])

class Runner {
  readonly #options: JobsOptions
  readonly #handlers: JobHandlers
  readonly #kinds: readonly string[]
  readonly #atOnce: number
  readonly #lease: number
  readonly #running = new Map<ClaimedJob, Promise<void>>()
  readonly #seconds: Histogram<'service' | 'kind' | 'outcome'>
  readonly #late: Histogram<'service'>
  readonly #gauge: Gauge<'service'>
  readonly #retries: Counter<'service' | 'kind'>
  #isStopped = false
  #looking: Promise<void> | undefined
  #lookAgain = false
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor(options: JobsOptions, handlers: JobHandlers) {
    this.#options = options
    this.#handlers = handlers
    this.#kinds = Object.keys(handlers)
    this.#atOnce = options.atOnce ?? 2
    this.#lease = options.lease ?? 15_000
    const { metrics } = options
    const buckets = [0.01, 0.1, 1, 10, 60, 600, 3600]
    this.#seconds = metrics.histogram(
      'plaza_job_seconds',
      'Duration of runs of jobs',
      ['service', 'kind', 'outcome'],
      buckets,
    )
    this.#late = metrics.histogram(
      'plaza_job_late_seconds',
      'Seconds from due to begun',
      ['service'],
      buckets,
    )
    this.#gauge = metrics.gauge('plaza_jobs_running', 'Jobs running now', ['service'])
    this.#retries = metrics.counter('plaza_job_retries_total', 'Runs that failed and are tried again', [
      'service',
      'kind',
    ])
  }

  /** Looks for work now, or again after the look that is under way. */
  wake(): void {
    if (this.#isStopped) return
    if (this.#looking !== undefined) {
      this.#lookAgain = true
      return
    }
    clearTimeout(this.#timer)
    this.#looking = this.#look().then(wait => {
      this.#looking = undefined
      if (this.#lookAgain) {
        this.#lookAgain = false
        this.wake()
      } else if (!this.#isStopped && wait !== undefined) {
        this.#timer = setTimeout(() => this.wake(), wait).unref()
      }
    })
  }

  async stop(within: number): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#looking
    const allEnded = Promise.allSettled(this.#running.values())
    const patience = Promise.withResolvers<void>()
    const timer = setTimeout(patience.resolve, within)
    await Promise.race([allEnded, patience.promise])
    clearTimeout(timer)
    clearTimeout(this.#heartbeat)
    await Promise.all([...this.#running.keys()].map(job => this.#giveBack(job)))
  }

  /** Takes what is due. Returns ms until the next look; undefined: when one that runs ends. */
  async #look(): Promise<number | undefined> {
    const { db, log, pollEvery = 10_000 } = this.#options
    const free = this.#atOnce - this.#running.size
    if (free <= 0) return undefined
    try {
      const claims = await claimJobs.all(db, { kinds: this.#kinds, limit: free, lease: this.#lease })
      for (const claim of claims) this.#begin(claim)
      this.#failures = 0
      if (claims.length === free) return undefined
      const { wait } = await nextDue.one(db, { kinds: this.#kinds })
      return Math.min(Math.max(wait ?? pollEvery, 1), pollEvery)
    } catch (error) {
      if (this.#failures++ === 0) log.warn(error, 'Jobs cannot be looked for; it is tried again')
      return Math.min(100 * 2 ** this.#failures, pollEvery)
    }
  }

  #begin(claim: Claim): void {
    const job = new ClaimedJob(this.#options.db, claim, this.#lease, maxDuration)
    const { service } = this.#options
    this.#late.labels(service).observe(Math.max(0, claim.late) / 1000)
    const run = this.#run(job).finally(() => {
      this.#running.delete(job)
      this.#gauge.labels(service).set(this.#running.size)
      this.wake()
    })
    this.#running.set(job, run)
    this.#gauge.labels(service).set(this.#running.size)
    this.#heartbeat ??= setTimeout(() => this.#beat(), this.#lease / 3).unref()
  }

  async #run(job: ClaimedJob): Promise<void> {
    const { service, maxAttempts = 12 } = this.#options
    const { kind, attempts, data } = job.claim
    const began = performance.now()
    const ended = (outcome: string) =>
      this.#seconds.labels(service, kind, outcome).observe((performance.now() - began) / 1000)
    try {
      // One that was begun so often and never came to an end takes its process with it each time.
      if (attempts > maxAttempts) return await job.giveUp('It was begun too often and never came to an end.')
      const result = await this.#handlers[kind]!(JSON.parse(data) as never, job)
      if (!job.isFinished) await job.complete(result)
      ended('done')
    } catch (error) {
      ended(await this.#afterFailure(job, error))
    }
  }

  async #afterFailure(job: ClaimedJob, error: unknown): Promise<string> {
    const { db, log, service, maxAttempts = 12, backoff = 1_000 } = this.#options
    const { id, kind, attempts } = job.claim
    const isFinal = isAppError(error) && finalCategories.has(error.category)
    const shown = isAppError(error) ? error.message : 'Something went wrong on our side.'
    const about = { err: error, job: job.id, kind, attempt: attempts }
    try {
      if (job.isFinished || job.context.signal.aborted) {
        log.info(about, 'A run of a job ended after the job was no longer its own')
        return 'lost'
      }
      if (isFinal || attempts >= maxAttempts) {
        log.error(about, 'A job failed')
        await job.giveUp(shown)
        return 'failed'
      }
      log.warn(about, 'A run of a job failed; it is tried again')
      this.#retries.labels(service, kind).inc()
      const delay = Math.min(backoff * 2 ** (attempts - 1), hour) * (0.75 + Math.random() / 2)
      await tryAgainLater.run(db, { id, attempts, delay, error: shown })
      return 'retried'
    } catch (another) {
      // Its lease ends, and somebody begins it again.
      log.warn({ ...about, err: another }, 'What became of a run of a job could not be written')
      return 'unwritten'
    }
  }

  async #beat(): Promise<void> {
    // One that is finishing holds its row, so that nobody can take it.
    const jobs = [...this.#running.keys()].filter(job => !job.isFinishing && !job.context.signal.aborted)
    try {
      const mine = jobs.length > 0 ? await extend(this.#options.db, jobs, this.#lease) : new Set()
      for (const job of jobs) if (!mine.has(job.claim.id) && !job.isFinishing) job.lose()
    } catch (error) {
      this.#options.log.warn(error, 'The leases of running jobs could not be extended')
    }
    this.#heartbeat =
      this.#running.size > 0 ? setTimeout(() => this.#beat(), this.#lease / 3).unref() : undefined
  }

  async #giveBack(job: ClaimedJob): Promise<void> {
    const { id, attempts } = job.claim
    job.lose()
    await tryAgainLater
      .run(this.#options.db, { id, attempts, delay: 0, error: null })
      .catch(error =>
        this.#options.log.warn(error, 'A job could not be given back; its lease ends by itself'),
      )
  }
}
