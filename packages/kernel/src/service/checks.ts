import type { Context } from '../call/index.ts'
import { Closed, Nullable, query, type Static, Type } from '../contract/index.ts'
import type { Handler } from './service.ts'

/** A promise of a service, as something that can be found broken in its data while it runs. */
export interface Check {
  /** The promise, as a sentence: `counts equal the rows behind them`. */
  readonly promise: string
  /**
   * `memory`: only a process whose subscriptions run has what is looked at (inboxes, caches). `work`: it is no breach while no such process runs at
   * all. Left out: what is looked at is in the tables, whoever runs.
   */
  readonly needs?: 'memory' | 'work'
  /** Looks at the next part of the data (a second's work at most); `next` is given back as `after` until it is null. */
  readonly look: (after: string | undefined, context: Context) => Promise<Looked>
}

export interface Looked {
  /** How many things were looked at in this part. */
  readonly checked: number
  /** What is not as promised: `id` names it, so that it can be looked at again. */
  readonly breaches: readonly { readonly id: string; readonly detail: string }[]
  readonly next: string | null
}

const Checks = Type.Array(
  Closed({
    name: Type.String(),
    promise: Type.String(),
    needs: Type.Optional(Type.Unsafe<'memory' | 'work'>({ type: 'string', enum: ['memory', 'work'] })),
  }),
)
const Part = Closed({
  checked: Type.Integer(),
  breaches: Type.Array(Closed({ id: Type.String(), detail: Type.String() })),
  next: Nullable(Type.String()),
})

/** Every service answers these; `plaza verify` asks. */
export const checkOperations = {
  $checks: query({
    access: 'internal',
    summary: 'What this service promises of its data.',
    input: Closed({}),
    output: Checks,
  }),
  $verify: query({
    access: 'internal',
    summary: 'Looks whether a promise holds, for a part of the data.',
    input: Closed({ check: Type.String(), after: Type.Optional(Type.String()) }),
    output: Part,
    timeout: 60_000,
  }),
}

export function answerChecks(checks: Readonly<Record<string, Check>>): {
  $checks: Handler<unknown, Static<typeof Checks>>
  $verify: Handler<{ check: string; after?: string }, Looked>
} {
  return {
    $checks: () =>
      Object.entries(checks).map(([name, { promise, needs }]) => ({
        name,
        promise,
        ...(needs && { needs }),
      })),
    $verify: ({ check, after }, context) => {
      const found = checks[check]
      if (found === undefined) throw new Error(`There is no check ${check}`)
      return found.look(after, context)
    },
  }
}
