import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once as onceEvent } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { breakableLink } from '../data/breakable-link.ts'
import { openDatabase } from '../data/database.ts'
import { add, addEffect, ana, effects, ended, place, scratch } from './jobs-on-scratch-database.ts'

test('a process that is cut off loses its job to another: the signal says so, it can write nothing, the effect is there once', async () => {
  await using here = await place()
  await using link = await breakableLink(scratch.ownerUrl)
  const cutOff = openDatabase({ url: link.through(scratch.ownerUrl), schema: 'posts' })
  const one = here.runner({ db: cutOff, lease: 200 })
  const begun = Promise.withResolvers<void>()
  const told = Promise.withResolvers<string>()
  const goOn = Promise.withResolvers<void>()
  await one.start({
    work: async (data: { name: string }, job) => {
      job.context.signal.addEventListener('abort', () => told.resolve('lost'))
      begun.resolve()
      await goOn.promise
      await assert.rejects(job.progress(1, 2), /was given to another run/)
      await job.finish(tx => addEffect.run(tx, data)).finally(() => told.resolve('finished'))
    },
  })
  const id = await add(one)
  await begun.promise
  link.shut()
  const two = here.runner({ lease: 200 })
  await two.start({ work: (data: { name: string }, job) => job.finish(tx => addEffect.run(tx, data)) })
  assert.equal((await ended(two, id)).status, 'done')
  link.open()
  assert.equal(await told.promise, 'lost')
  goOn.resolve()
  await one.stop(1_000)
  assert.deepEqual(await effects(), new Map([['a', 1]]))
  await cutOff.close()
})

test('a connection cut at any request or answer of the finish: the effect is there once, and the job is done', async () => {
  await using here = await place()
  await using link = await breakableLink(scratch.ownerUrl)
  const linked = openDatabase({ url: link.through(scratch.ownerUrl), schema: 'posts', connections: 1 })
  // Nothing but the job itself shall use the connection meanwhile.
  const runner = here.runner({ db: linked, pollEvery: 60_000, lease: 300 })
  let cut: (() => void) | undefined
  await runner.start({
    work: (data: { name: string }, job) => {
      cut?.()
      cut = undefined
      return job.finish(tx => addEffect.run(tx, data))
    },
  })
  const watcher = here.runner()
  // begin, lock, effect, move, commit
  const moments = [0, 1, 2, 3, 4].flatMap(after => [
    { name: `request ${after}`, at: () => link.swallowRequest(after) },
    { name: `answer ${after}`, at: () => link.swallowAnswer(after) },
  ])
  for (const { name, at } of moments) {
    cut = at
    const id = await linked.transaction(tx =>
      runner.jobs.add(tx, { kind: 'work', data: { name }, owner: ana }),
    )
    assert.equal((await ended(watcher, id)).status, 'done', name)
  }
  assert.equal(link.cuts, 10)
  assert.deepEqual(await effects(), new Map(moments.map(({ name }) => [name, 1])))
  await runner.stop(1_000)
  await linked.close()
})

for (const moment of ['begun', 'in its transaction', 'finished'])
  test(`a process killed when its job was ${moment}: the job runs elsewhere, the effect is there once`, async () => {
    await using here = await place()
    const runner = here.runner()
    const id = await add(runner)
    await mortalWorker(moment)
    await runner.start({ work: (data: { name: string }, job) => job.finish(tx => addEffect.run(tx, data)) })
    assert.equal((await ended(runner, id)).status, 'done')
    assert.deepEqual(await effects(), new Map([['a', 1]]))
  })

test('a job that kills every process that runs it is given up', async () => {
  await using here = await place()
  const id = await add(here.runner())
  for (let i = 0; i < 2; i++) await mortalWorker('begun')
  const survivor = here.runner({ maxAttempts: 2 })
  await survivor.start({ work: async () => assert.fail('it is not begun again') })
  const job = await ended(survivor, id)
  assert.deepEqual([job.status, job.error], ['failed', 'It was begun too often and never came to an end.'])
})

/** Runs a process that takes the job and dies at that moment. */
async function mortalWorker(moment: string): Promise<void> {
  const file = fileURLToPath(new URL('./mortal-worker.ts', import.meta.url))
  const child = spawn(process.execPath, [file, scratch.ownerUrl, moment], { stdio: 'inherit' })
  const [, signal] = await onceEvent(child, 'exit')
  assert.equal(signal, 'SIGKILL')
}
