import pino from 'pino'
import { openDatabase } from '../data/database.ts'
import { sql } from '../data/statement.ts'
import { makeMetrics } from '../telemetry/index.ts'
import { startJobs } from './run-jobs.ts'

// A process of the tests that runs jobs and dies, by kill -9 of its own hand, where its job says: `begun`, `in its transaction`, `finished`.
const [url = '', moment = ''] = process.argv.slice(2)

const addEffect = sql({ name: 'mortal-worker.add-effect', params: { name: 'text' } })`
  insert into effects (name)
  values (${'name'})`

const die = () => process.kill(process.pid, 'SIGKILL')
const db = openDatabase({ url, schema: 'posts' })
const log = pino({ level: 'silent' })
const runner = startJobs({ service: 'posts', db, log, metrics: makeMetrics(), lease: 300, maxAttempts: 2 })
await runner.start({
  work: async (data: { name: string }, job) => {
    if (moment === 'begun') die()
    await job.finish(async tx => {
      await addEffect.run(tx, data)
      if (moment === 'in its transaction') die()
    })
    if (moment === 'finished') die()
  },
})
