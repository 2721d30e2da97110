import { type AppError, deadlineExceeded, type Operation, unknownOutcome } from '../contract/index.ts'

const tooSlow = () => deadlineExceeded('It took too long.', { retryAfter: 1 })
const mayHaveHappened = () =>
  unknownOutcome('It took too long, and may have happened: ask again with the same Idempotency-Key.')

/** What the caller of a call that did not begin in time hears. */
export const overBeforeItBegan = () =>
  deadlineExceeded('The deadline was over before it began.', { retryAfter: 1 })

/** What a caller hears at the deadline of what has begun: of a command nobody knows what became of it. */
export const lateOf = (operation: Operation): (() => AppError) =>
  operation.kind === 'query' ? tooSlow : mayHaveHappened
