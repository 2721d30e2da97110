import { setTimeout as delay } from 'node:timers/promises'
import {
  type AnswerNotes,
  type Context,
  type Dispatcher,
  deriveContext,
  mayRepeat,
  newContext,
} from '../call/index.ts'
import { AppError, type Contract, isAppError, type Operation, outputChecker } from '../contract/index.ts'

export interface Faults {
  /** 0 ≤ value < 1: decides what goes wrong. Seeded in tests, so that a failure can be repeated. */
  readonly random: () => number
  /** Longest delay before and after a call, in ms. */
  readonly maxDelay: number
  /** Share of calls that are made twice: at once, or again because the answer was lost. */
  readonly repeats: number
}

/**
 * Treats local calls as the network would: input, answer, errors and context round-trip through JSON, frozen; calls are late; and
 * where the contract allows it they come twice. Answers are checked against their closed schemas.
 */
export function withFaults(
  dispatcher: Dispatcher,
  contracts: readonly Contract[],
  faults: Faults,
): Dispatcher {
  const known = new Map(contracts.map(each => [each.name, each.operations]))
  const checkers = new Map<Operation, (output: unknown) => void>()
  const checkerOf = (operation: Operation) => {
    const checker = checkers.get(operation) ?? outputChecker(operation)
    checkers.set(operation, checker)
    return checker
  }

  const once = async (service: string, name: string, input: unknown, context: Context): Promise<Answer> => {
    const inner = overTheWire(context)
    await delay(faults.random() * faults.maxDelay)
    try {
      const output = await dispatcher.invoke(service, name, frozenCopy(input), inner)
      return { output: frozenCopy(output), notes: inner.answer }
    } catch (error) {
      throw isAppError(error) ? new AppError(frozenCopy(error.toJSON()), error.cause) : error
    } finally {
      await delay(faults.random() * faults.maxDelay)
    }
  }

  return {
    invoke: async (service, name, input, context) => {
      const operation = known.get(service)?.[name]
      const call = () => once(service, name, input, context)
      const repeat = operation && mayRepeat(operation, context) && faults.random() < faults.repeats
      const { output, notes } = repeat ? await twice(call, faults.random() < 0.5) : await call()
      if (operation) checkerOf(operation)(output)
      Object.assign(context.answer, notes)
      return output
    },
  }
}

/** Numbers from 0 to 1 that are the same for the same seed: mulberry32, public domain. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

// At once: a duplicate on the wire. One after the other: the first answer was lost, and the caller asked again.
// The client asked once, so it hears `replayed` only when both calls were replays.
async function twice(call: () => Promise<Answer>, atOnce: boolean): Promise<Answer> {
  const [first, second] = atOnce ? await Promise.all([call(), call()]) : [await call(), await call()]
  const { replayed, ...notes } = { ...first.notes, ...second.notes }
  const both = first.notes.replayed === true && second.notes.replayed === true
  return { output: second.output, notes: both && replayed ? { ...notes, replayed } : notes }
}

interface Answer {
  readonly output: unknown
  readonly notes: AnswerNotes
}

function overTheWire(context: Context): Context {
  const { identity, caller, deadline, requestId, traceparent, idempotency, address } = context
  const sent = frozenCopy({ identity, caller, deadline, requestId, traceparent, idempotency, address })
  return deriveContext(newContext({ requestId, deadline }), sent)
}

function frozenCopy<T>(value: T): T {
  return value === undefined ? value : deepFreeze(JSON.parse(JSON.stringify(value)))
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const each of Object.values(value)) deepFreeze(each)
  return Object.freeze(value)
}
