import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, newContext } from '@plaza/kernel/call'
import { kernelOf } from '@plaza/kernel/service'
import { patiently } from '../patiently.ts'
import type { Subject } from '../running-plaza.ts'

interface Breach {
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

/** Looks at every promise of these services, one part after the other, and at what was broken once more. */
export async function runChecks(subjects: readonly Subject[], options: RunOptions): Promise<Outcome[]> {
  const first: Looked[] = []
  for (const subject of subjects) first.push(...(await lookAt(subject, options)))
  const outcomes: Outcome[] = []
  for (const { call, outcome, at } of first) {
    if (outcome.breaches.length > 0) await sleep(Math.max(0, at + options.again - performance.now()))
    outcomes.push(outcome.breaches.length > 0 ? await lookAgain(call, outcome, options) : outcome)
  }
  return outcomes
}

interface Looked {
  /** Reaches whoever was asked: it is asked again. */
  readonly call: Call
  readonly outcome: Outcome
  readonly at: number
}

async function lookAt(subject: Subject, options: RunOptions): Promise<Looked[]> {
  const { service, call } = subject
  const nothing = { service, checked: 0, breaches: [], isCut: false }
  const looked: Looked[] = []
  const note = (by: Call, outcome: Outcome) => looked.push({ call: by, outcome, at: performance.now() })
  try {
    for (const { name, promise, needs } of await patiently(() =>
      kernel(call, service).$checks({}, context()),
    )) {
      const empty = { ...nothing, check: name, promise }
      const left = whyLeft(subject, needs)
      if (left !== undefined) note(call, { ...empty, left })
      else
        for (const by of needs === 'memory' ? subject.instances : [call])
          note(by, await look(by, empty, options))
    }
  } catch (error) {
    const promise = 'says what it promises'
    note(call, { ...nothing, check: '$checks', promise, failure: messageOf(error) })
  }
  return looked
}

function whyLeft({ isAtWork, instances }: Subject, needs: 'memory' | 'work' | undefined) {
  if (needs === 'work' && !isAtWork) return 'nobody is at work: start Plaza first'
  if (needs === 'memory' && instances.length === 0)
    return 'it is in the memory of a running process, and only those of a fleet can be asked'
  return undefined
}

async function look(call: Call, empty: Outcome, { onProgress }: RunOptions): Promise<Outcome> {
  const { service, check, promise } = empty
  const breaches = new Map<string, Breach>()
  let checked = 0
  try {
    for (let after: string | null | undefined; after !== null && breaches.size < most; ) {
      onProgress(service, promise, checked)
      const input = { check, ...(after !== undefined && { after }) }
      const part = await patiently(() => kernel(call, service).$verify(input, context()))
      checked += part.checked
      for (const breach of part.breaches) breaches.set(breach.id, breach)
      after = part.next
    }
    return { ...empty, checked, breaches: [...breaches.values()], isCut: breaches.size >= most }
  } catch (error) {
    return { ...empty, checked, failure: messageOf(error) }
  }
}

async function lookAgain(call: Call, before: Outcome, options: RunOptions): Promise<Outcome> {
  const now = await look(call, { ...before, breaches: [] }, options)
  const known = new Set(before.breaches.map(each => each.id))
  return { ...now, breaches: now.breaches.filter(each => known.has(each.id)) }
}

const kernel = (call: Call, service: string) => call(kernelOf({ name: service }))
const context = () => newContext({ requestId: 'verify', deadline: Date.now() + 60_000 })

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}
