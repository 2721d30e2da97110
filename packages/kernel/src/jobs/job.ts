import type { Context } from '../call/index.ts'
import type { JobId, UserId } from '../contract/index.ts'
import type { Tx } from '../data/index.ts'

/** A job as `GET /jobs/{id}` shows it to its owner. */
export interface JobView {
  readonly id: JobId
  readonly kind: string
  readonly status: 'queued' | 'running' | 'done' | 'failed'
  readonly progress: { readonly done: number; readonly total: number }
  readonly result?: unknown
  readonly error?: string
  readonly createdAt: string
}

export interface NewJob {
  readonly kind: string
  readonly data: unknown
  /** Who may read it; undefined: nobody outside. */
  readonly owner?: UserId
  /** At most one queued or running job of a kind has a key; adding another with it changes nothing. */
  readonly key?: string
  /** Epoch ms; due at once when left out. A durable timer is a job due later. */
  readonly dueAt?: number
}

/** Durable work and timers of one service, kept in its schema. */
export interface Jobs {
  /** Adds a job in the caller's transaction: it runs if and only if that commits. Returns its id, or that of the one with the key. */
  add(tx: Tx, job: NewJob): Promise<JobId>
  /** Takes back a job that has not begun; false when it is too late. */
  cancel(tx: Tx, kind: string, key: string): Promise<boolean>
}

/** What a running job may do besides its work. */
export interface RunningJob {
  readonly id: JobId
  /** 1, 2, 3 … */
  readonly attempt: number
  /** Nobody's; its signal aborts when the job was given to another run or the process stops. */
  readonly context: Context
  /** Tells how far it is; kept in the table. Throws when the job was given to another instance meanwhile. */
  progress(done: number, total: number): Promise<void>
  /**
   * Commits `work` and marks the job done in one transaction: its effect happens once, whatever dies. Use it for the last step.
   */
  finish<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

/**
 * Handlers by kind. What one returns is the job's result; what it throws is retried with backoff, then `failed`. An AppError that would be the same
 * tomorrow (`invalid`, `forbidden`, `not-found`, `conflict`, `rule`, `too-large`, `unsupported`) fails at once. A handler may be begun
 * again after a crash: what must not happen twice belongs into `finish`, or into commands with an Idempotency-Key.
 */
export type JobHandlers = Readonly<Record<string, (data: never, job: RunningJob) => Promise<unknown>>>
