import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, newContext } from '@plaza/kernel/call'
import { kernelOf } from '@plaza/kernel/service'

/** A service that is asked about its promises. */
export interface Subject {
  readonly service: string
  /** Reaches whoever answers for it. */
  readonly call: Call
  /** Some process has its subscriptions and jobs at work; `asked`: the one that answers is such a process. */
  readonly atWork: 'nowhere' | 'elsewhere' | 'asked'
}

export interface Breach {
  readonly id: string
  readonly detail: string
}

/** What became of one check. */
export interface Outcome {
  readonly service: string
  readonly check: string
  readonly promise: string
  /** How many things were looked at. */
  readonly checked: number
  /** What was not as promised, and was still not when it was looked at again. */
  readonly breaches: readonly Breach[]
  /** There may be more: it was not looked further. */
  readonly isCut: boolean
  /** Why it was not looked at all; that is no failure. */
  readonly left?: string
  /** Why it could not be checked. */
  readonly failure?: string
}

export interface RunOptions {
  /** Ms after which a breach is looked at again: what travels between services has arrived by then. */
  readonly again: number
  readonly onProgress: (service: string, promise: string, checked: number) => void
}

/** Breaches kept of one check. */
const most = 10_000
const attempts = 5
const pause = 1_000

/** Looks at every promise of these services, one part after the other, and at what was broken once more. */
export async function runChecks(subjects: readonly Subject[], options: RunOptions): Promise<Outcome[]> {
  const first: { subject: Subject; outcome: Outcome; at: number }[] = []
  for (const subject of subjects) {
    for (const outcome of await outcomesOf(subject, options)) {
      first.push({ subject, outcome, at: performance.now() })
    }
  }
  const outcomes: Outcome[] = []
  for (const { subject, outcome, at } of first) {
    if (outcome.breaches.length > 0) await sleep(Math.max(0, at + options.again - performance.now()))
    outcomes.push(outcome.breaches.length > 0 ? await lookAgain(subject, outcome, options) : outcome)
  }
  return outcomes
}

async function outcomesOf(subject: Subject, options: RunOptions): Promise<Outcome[]> {
  const { service } = subject
  const nothing = { service, checked: 0, breaches: [], isCut: false }
  try {
    const checks = await patiently(() => kernel(subject).$checks({}, context()))
    const outcomes: Outcome[] = []
    for (const { name, promise, needs } of checks) {
      const left = whyLeft(subject, needs)
      const empty = { ...nothing, check: name, promise }
      outcomes.push(left === undefined ? await look(subject, empty, options) : { ...empty, left })
    }
    return outcomes
  } catch (error) {
    const promise = 'says what it promises'
    return [{ ...nothing, check: '$checks', promise, failure: messageOf(error) }]
  }
}

function whyLeft({ atWork }: Subject, needs: 'memory' | 'work' | undefined): string | undefined {
  if (needs === 'work' && atWork === 'nowhere') return 'nobody is at work: start Plaza first'
  if (needs === 'memory' && atWork !== 'asked')
    return 'it is in the memory of a running process, and only those of a fleet can be asked'
  return undefined
}

async function look(subject: Subject, empty: Outcome, { onProgress }: RunOptions): Promise<Outcome> {
  const { service, check, promise } = empty
  const breaches = new Map<string, Breach>()
  let checked = 0
  try {
    for (let after: string | null | undefined; after !== null && breaches.size < most; ) {
      onProgress(service, promise, checked)
      const input = { check, ...(after !== undefined && { after }) }
      const part = await patiently(() => kernel(subject).$verify(input, context()))
      checked += part.checked
      for (const breach of part.breaches) breaches.set(breach.id, breach)
      after = part.next
    }
    return { ...empty, checked, breaches: [...breaches.values()], isCut: breaches.size >= most }
  } catch (error) {
    return { ...empty, checked, failure: messageOf(error) }
  }
}

async function lookAgain(subject: Subject, before: Outcome, options: RunOptions): Promise<Outcome> {
  const now = await look(subject, { ...before, breaches: [] }, options)
  const known = new Set(before.breaches.map(each => each.id))
  return { ...now, breaches: now.breaches.filter(each => known.has(each.id)) }
}

// A service that restarts is back in seconds.
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === attempts || (error as { category?: unknown }).category !== 'unavailable') throw error
      await sleep(pause)
    }
  }
}

const kernel = ({ call, service }: Subject) => call(kernelOf({ name: service }))
const context = () => newContext({ requestId: 'verify', deadline: Date.now() + 60_000 })

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}
