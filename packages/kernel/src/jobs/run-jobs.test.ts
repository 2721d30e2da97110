import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCode } from '../contract/index.ts'
import type { Db } from '../data/database.ts'
import { newId } from '../data/new-id.ts'
import type { RunningJob } from './job.ts'
import { claimJobs, nextDue } from './job-store.ts'
import {
  add,
  addEffect,
  ana,
  asked,
  ben,
  db,
  effects,
  ended,
  owner,
  place,
  scratch,
  until,
  view,
} from './jobs-on-scratch-database.ts'

const tooBig = errorCode('test-too-big', 'too-large', 'Too big')

test('a job runs at once when its transaction has committed, and its owner sees what became of it', async () => {
  await using here = await place()
  const runner = here.runner({ pollEvery: 60_000 })
  const working = Promise.withResolvers<void>()
  const seen = Promise.withResolvers<void>()
  await runner.start({
    work: async (data: { name: string }, job) => {
      await job.progress(1, 2)
      working.resolve()
      await seen.promise
      await job.progress(2, 2)
      return { greeting: `hello ${data.name}` }
    },
  })
  const id = await add(runner)
  await working.promise
  const { createdAt, ...running } = await view(runner, id)
  assert.deepEqual(running, { id, kind: 'work', status: 'running', progress: { done: 1, total: 2 } })
  assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000)
  seen.resolve()
  const { createdAt: _, ...done } = await ended(runner, id)
  assert.deepEqual(done, {
    id,
    kind: 'work',
    status: 'done',
    progress: { done: 2, total: 2 },
    result: { greeting: 'hello a' },
  })
})

test('nobody but its owner sees a job', async () => {
  await using here = await place()
  const runner = here.runner()
  const id = await add(runner)
  const nobodys = await db.transaction(tx => runner.jobs.add(tx, { kind: 'work', data: null }))
  assert.equal((await runner.handlers.$findJob({ id }, asked(ana)))?.status, 'queued')
  assert.equal(await runner.handlers.$findJob({ id }, asked(ben)), null)
  assert.equal(await runner.handlers.$findJob({ id }, asked()), null)
  assert.equal(await runner.handlers.$findJob({ id: nobodys }, asked(ana)), null)
  assert.equal(
    (await runner.handlers.$findJob({ id: nobodys }, asked()))?.status,
    'queued',
    'nobody’s is read in nobody’s name',
  )
  assert.equal(await runner.handlers.$findJob({ id: newId('job', 1) }, asked(ana)), null)
})

test('a job whose transaction rolls back never was', async () => {
  await using here = await place()
  const runner = here.runner()
  const ran: unknown[] = []
  await runner.start({ work: async (data: unknown) => void ran.push(data) })
  const failing = db.transaction(async tx => {
    await runner.jobs.add(tx, { kind: 'work', data: 'rolled back' })
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  await ended(runner, await add(runner, { data: 'committed' }))
  assert.deepEqual(ran, ['committed'])
})

test('a timer fires when it is due, not before, and may be taken back until then', async () => {
  await using here = await place()
  const runner = here.runner({ pollEvery: 60_000 })
  const fired: { name: unknown; late: number }[] = []
  const dueAt = Date.now() + 400
  await runner.start({ work: async (name: unknown) => void fired.push({ name, late: Date.now() - dueAt }) })
  const kept = await add(runner, { dueAt, data: 'kept', key: 'kept' })
  await add(runner, { dueAt, data: 'taken back', key: 'taken back' })
  const cancel = (key: string) => db.transaction(tx => runner.jobs.cancel(tx, 'work', key))
  assert.equal(await cancel('taken back'), true)
  assert.equal(await cancel('taken back'), false)
  await ended(runner, kept)
  assert.equal(await cancel('kept'), false)
  assert.deepEqual(
    fired.map(each => each.name),
    ['kept'],
  )
  assert.ok(fired[0]!.late >= 0 && fired[0]!.late < 300, `${fired[0]!.late} ms late`)
})

test('a key is held by one queued or running job; when that is done, the key is free', async () => {
  await using here = await place()
  const runner = here.runner()
  const goOn = Promise.withResolvers<void>()
  const ids = await Promise.all(Array.from({ length: 10 }, () => add(runner, { key: 'k' })))
  assert.equal(new Set(ids).size, 1)
  const begun = Promise.withResolvers<void>()
  await runner.start({
    work: async () => {
      begun.resolve()
      await goOn.promise
    },
  })
  await begun.promise
  assert.equal(await add(runner, { key: 'k' }), ids[0])
  assert.equal(await db.transaction(tx => runner.jobs.cancel(tx, 'work', 'k')), false, 'it has begun')
  goOn.resolve()
  await ended(runner, ids[0]!)
  assert.notEqual(await add(runner, { key: 'k' }), ids[0])
})

test('a run that fails is tried again later, at last the job is failed, and nothing of the inside is shown', async () => {
  await using here = await place()
  const runner = here.runner({ maxAttempts: 3 })
  const attempts: number[] = []
  await runner.start({
    work: async (_: unknown, job: RunningJob) => {
      attempts.push(job.attempt)
      throw new Error('password of the database: hunter2')
    },
  })
  const job = await ended(runner, await add(runner))
  assert.deepEqual(attempts, [1, 2, 3])
  assert.deepEqual([job.status, job.error], ['failed', 'Something went wrong on our side.'])
})

test('a failure that would be the same tomorrow is not tried again, and says what is wrong', async () => {
  await using here = await place()
  const runner = here.runner()
  let runs = 0
  await runner.start({
    work: async () => {
      runs++
      throw tooBig('The file has 2 million lines; 1 million are allowed.')
    },
  })
  const job = await ended(runner, await add(runner))
  assert.deepEqual(
    [runs, job.status, job.error],
    [1, 'failed', 'The file has 2 million lines; 1 million are allowed.'],
  )
})

test('many jobs over two processes: each runs once', async () => {
  await using here = await place()
  const other = await scratch.open({ name: 'posts', migrations: undefined })
  const [one, two] = [here.runner({ atOnce: 5 }), here.runner({ atOnce: 5, db: other })]
  const names = Array.from({ length: 200 }, (_, i) => `job ${i}`)
  const ids = await db.transaction(async tx => {
    const added: `job_${string}`[] = []
    for (const name of names) added.push(await one.jobs.add(tx, { kind: 'work', data: { name }, owner: ana }))
    return added
  })
  const ran = [0, 0]
  const handler = (who: number) => async (data: { name: string }) => {
    ran[who]!++
    await addEffect.run(db, data)
  }
  await one.start({ work: handler(0) })
  await two.start({ work: handler(1) })
  for (const id of ids) assert.equal((await ended(one, id)).status, 'done')
  assert.deepEqual(await effects(), new Map(names.toSorted().map(name => [name, 1])))
  assert.ok(ran[0]! > 0 && ran[1]! > 0, `shared as ${ran}`)
})

test('jobs of kinds that this process has no handler for are left to others', async () => {
  await using here = await place()
  const runner = here.runner()
  await runner.start({ work: async () => 'done' })
  const strange = await add(runner, { kind: 'of a newer version' })
  await ended(runner, await add(runner))
  assert.equal((await view(runner, strange)).status, 'queued')
})

test('a job that takes longer than its lease keeps it as long as its process lives', async () => {
  await using here = await place()
  const runner = here.runner({ lease: 100 })
  let runs = 0
  await runner.start({
    work: async () => {
      runs++
      await new Promise(resolve => setTimeout(resolve, 500))
    },
  })
  const job = await ended(runner, await add(runner))
  assert.deepEqual([job.status, runs], ['done', 1])
})

test('a runner that stops gives back what does not end in time, and it begins elsewhere at once', async () => {
  await using here = await place()
  const one = here.runner({ lease: 60_000 })
  const begun = Promise.withResolvers<void>()
  let wasTold = false
  await one.start({
    work: async (_: unknown, job) => {
      job.context.signal.addEventListener('abort', () => {
        wasTold = true
      })
      begun.resolve()
      await new Promise(() => {})
    },
  })
  const id = await add(one)
  await begun.promise
  await one.stop(50)
  assert.ok(wasTold)
  const two = here.runner()
  await two.start({ work: async () => 'by another' })
  assert.equal((await ended(two, id)).result, 'by another')
})

test('a runner that stops waits for what runs, and begins nothing more', async () => {
  await using here = await place()
  const runner = here.runner({ atOnce: 1 })
  const begun = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  await runner.start({
    work: async () => {
      begun.resolve()
      await goOn.promise
    },
  })
  const first = await add(runner)
  const second = await add(runner)
  await begun.promise
  const stopping = runner.stop(5_000)
  goOn.resolve()
  await stopping
  assert.deepEqual(
    [(await view(runner, first)).status, (await view(runner, second)).status],
    ['done', 'queued'],
  )
})

test('with nothing to do it asks the database once in a poll', async () => {
  await using here = await place()
  const looks: string[] = []
  const execute: Db['execute'] = (name, text, values) => {
    if (name === claimJobs.name || name === nextDue.name) looks.push(name)
    return db.execute(name, text, values)
  }
  const counting: Db = new Proxy(db, {
    get: (target, name, self) => (name === 'execute' ? execute : Reflect.get(target, name, self)),
  })
  const runner = here.runner({ db: counting, pollEvery: 60_000 })
  await runner.start({ work: async () => {} })
  await until('the first look', () => (looks.length >= 2 ? true : undefined))
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.deepEqual(looks, [claimJobs.name, nextDue.name])
})

test('finished jobs are dropped by the day, and the days to come are there before they come', async () => {
  await owner.query(`set search_path = posts; set timezone = 'Asia/Tokyo'`)
  await owner.query(`
    create table finished_jobs_2020_01_01 partition of finished_jobs
    for values from ('2020-01-01 00:00:00+00') to ('2020-01-02 00:00:00+00')`)
  const own = await db.connect()
  await own.query('select turn_job_days()')
  await own.query('select turn_job_days()')
  await own.end()
  const { rows } = await owner.query(`
    select count(*)::int as n, min(relname) = to_char((now() at time zone 'UTC')::date - 1, '"finished_jobs_"YYYY_MM_DD') as "startsYesterday"
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'finished_jobs'::regclass and relkind = 'r'`)
  assert.deepEqual(rows, [{ n: 9, startsYesterday: true }])
})
