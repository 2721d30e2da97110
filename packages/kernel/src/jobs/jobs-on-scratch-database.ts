import assert from 'node:assert/strict'
import { after } from 'node:test'
import pino from 'pino'
import { newContext } from '../call/index.ts'
import type { UserId } from '../contract/index.ts'
import { newId } from '../data/new-id.ts'
import { scratchDatabase } from '../data/scratch-database.ts'
import { sql } from '../data/statement.ts'
import { makeMetrics } from '../telemetry/index.ts'
import type { NewJob } from './job.ts'
import { type JobRunner, type JobsOptions, startJobs } from './run-jobs.ts'

// What the tests of jobs share: one database for a file of tests, and words to say what happens in it.

export const addEffect = sql({ name: 'jobs-test.add-effect', params: { name: 'text' } })`
  insert into effects (name)
  values (${'name'})`

const countEffects = sql({ name: 'jobs-test.count-effects', row: { name: 'text', n: 'int8' } })`
  select name, count(*) as n
  from effects
  group by name`

const log = pino({ level: 'silent' })
export const ana = newId('user', 7) as UserId
export const ben = newId('user', 8) as UserId

export const scratch = await scratchDatabase()
export const db = await scratch.open({ name: 'posts', migrations: undefined })
export const owner = await scratch.connect()
await owner.query('create table posts.effects (name text)')
after(() => scratch[Symbol.asyncDispose]())

interface Place extends AsyncDisposable {
  runner(options?: Partial<JobsOptions>): JobRunner
}

/** Empty tables, and runners that are stopped at the end of the test. */
export async function place(): Promise<Place> {
  await owner.query('truncate posts.jobs, posts.finished_jobs, posts.effects')
  const runners: JobRunner[] = []
  return {
    runner: options => {
      const runner = startJobs({
        service: 'posts',
        db,
        log,
        metrics: makeMetrics(),
        backoff: 10,
        pollEvery: 100,
        ...options,
      })
      runners.push(runner)
      return runner
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(runners.map(runner => runner.stop(100)))
    },
  }
}

export const add = (runner: JobRunner, job: Partial<NewJob> = {}) =>
  db.transaction(tx => runner.jobs.add(tx, { kind: 'work', data: { name: 'a' }, owner: ana, ...job }))

export const asked = (userId?: UserId) =>
  newContext({
    requestId: 'test',
    deadline: Date.now() + 10_000,
    ...(userId && { identity: { userId, sessionId: 's', roles: ['user'] } }),
  })

export const view = async (runner: JobRunner, id: `job_${string}`) =>
  (await runner.handlers.$findJob({ id }, asked(ana)))!

export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const giveUpAt = Date.now() + 10_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    assert.ok(Date.now() < giveUpAt, `${what} did not come`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export const ended = (runner: JobRunner, id: `job_${string}`) =>
  until(`the end of ${id}`, async () => {
    const job = await view(runner, id)
    return job.status === 'done' || job.status === 'failed' ? job : undefined
  })

export const effects = async () => new Map((await countEffects.all(db, {})).map(row => [row.name, row.n]))
