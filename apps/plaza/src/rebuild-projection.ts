import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, newContext } from '@plaza/kernel/call'
import type { JobId } from '@plaza/kernel/contract'
import type { JobView } from '@plaza/kernel/jobs'
import { kernelOf } from '@plaza/kernel/service'
import { search } from '@plaza/search/contract'
import { patiently } from './patiently.ts'
import { besideRunning } from './running-plaza.ts'
import { tellProgress } from './tell-progress.ts'

/** Ms between two looks at the job. */
const lookEvery = 500

/** What can be rebuilt, by the service that has it, and how that is ordered; one that runs already is that one. */
const projections: ReadonlyMap<string, (call: Call) => Promise<{ readonly jobId: JobId }>> = new Map([
  [search.name, (call: Call) => call(search).rebuild({}, context())],
])

/**
 * `plaza events rebuild PROJECTION`: has a read model made anew, beside the one in use, by whichever Plaza is at work, and waits until it is done. When none
 * is, it is the first thing the next one does.
 */
export async function rebuildProjection(name: string): Promise<void> {
  const order = projections.get(name)
  if (order === undefined)
    throw new Error(`There is no projection ${name}: choose from ${[...projections.keys()].join(', ')}.`)
  await besideRunning('events', [name], async ([subject]) => {
    const { call, isAtWork } = subject!
    const { jobId } = await patiently(() => order(call))
    if (!isAtWork) {
      console.log(
        `The rebuild of ${name} is queued (${jobId}). No Plaza runs here: it begins when one starts.`,
      )
      return
    }
    console.log(
      `${name} is being rebuilt (${jobId}). Whoever does not wait for it loses nothing: it goes on.`,
    )
    tellOutcome(name, await untilEnded(call, name, jobId))
  })
}

async function untilEnded(call: Call, name: string, id: JobId): Promise<JobView> {
  try {
    for (;;) {
      const job = await patiently(() => call(kernelOf({ name })).$findJob({ id }, context()))
      if (job === null) throw new Error(`The job ${id} is not there any more: order the rebuild again.`)
      if (job.status === 'done' || job.status === 'failed') return job
      tellProgress(
        `${name}: ${job.status} … ${amount(job.progress.done)} of about ${amount(job.progress.total)}`,
      )
      await sleep(lookEvery)
    }
  } finally {
    tellProgress('')
  }
}

function tellOutcome(name: string, { status, progress, error }: JobView): void {
  if (status === 'failed')
    throw new Error(
      `The rebuild failed: ${error}. The index in use stayed; plaza events rebuild ${name} goes on.`,
    )
  console.log(
    `${name} is rebuilt: ${amount(progress.done)} ${progress.done === 1 ? 'entry was' : 'entries were'} read.`,
  )
}

const amount = (value: number) => value.toLocaleString('en')
const context = () => newContext({ requestId: 'events', deadline: Date.now() + 60_000 })
