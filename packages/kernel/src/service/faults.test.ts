import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Context, type Dispatcher, mayRepeat, newContext } from '../call/index.ts'
import {
  Closed,
  command,
  contract,
  errorCode,
  isAppError,
  type Operation,
  query,
  Type,
} from '../contract/index.ts'
import { withFaults } from './faults.ts'

const Word = Closed({ word: Type.String() })
const shape = { access: 'public', input: Word, output: Word } as const
const birds = contract('birds', {
  hear: query(shape),
  sing: command({ ...shape, route: 'POST /songs' }),
  rename: command({ ...shape, route: 'PATCH /birds/:id' }),
  feed: command({ ...shape, route: 'PUT /birds/:id/food' }),
})

const asking = (key?: string) =>
  newContext({
    requestId: 'test',
    deadline: Date.now() + 5_000,
    idempotency:
      key === undefined ? undefined : { owner: 'user_x', operation: 'birds.sing', key, requestHash: '' },
  })

function faulty(handler: (input: { word: string }, context: Context) => unknown, random = () => 0) {
  const calls: unknown[] = []
  const inner: Dispatcher = {
    invoke: async (_service, _operation, input, context) => {
      calls.push(input)
      return handler(input as { word: string }, context)
    },
  }
  const dispatcher = withFaults(inner, [birds], { random, maxDelay: 0, repeats: 1 })
  const call = (operation: string, context = asking(), input: unknown = { word: 'hi' }) =>
    dispatcher.invoke('birds', operation, input, context)
  return { call, calls }
}

const mayBeRepeated: [string, Operation, Context, boolean][] = [
  ['a query', birds.operations.hear, asking(), true],
  ['a command that is safe', birds.operations.feed, asking(), true],
  ['a command with its key', birds.operations.sing, asking('k'), true],
  ['a command without its key', birds.operations.sing, asking(), false],
  ['a command that must never be', birds.operations.rename, asking('k'), false],
]
for (const [what, operation, context, may] of mayBeRepeated) {
  test(`${what} ${may ? 'may' : 'may not'} be repeated`, () =>
    assert.equal(mayRepeat(operation, context), may))
}

test('only what may be repeated is called twice', async () => {
  const { call, calls } = faulty(input => input)
  await call('hear')
  assert.equal(calls.length, 2)
  await call('sing')
  assert.equal(calls.length, 3)
})

test('input and answer are frozen copies: no memory is shared', async () => {
  const input = { word: 'hi' }
  let seen: { word: string } | undefined
  const { call } = faulty(got => {
    seen = got
    return { word: 'ho' }
  })
  const output = await call('sing', asking(), input)
  assert.notEqual(seen, input)
  assert.throws(() => Object.assign(seen!, { word: 'x' }), TypeError)
  assert.throws(() => Object.assign(output as object, { word: 'x' }), TypeError)
})

test('an answer that is not what the contract says fails', async () => {
  const { call } = faulty(() => ({ word: 'hi', secret: 1 }))
  await assert.rejects(call('sing'), /secret|additional/)
})

test('errors keep their code through JSON', async () => {
  const noBird = errorCode('bird-not-found', 'not-found', 'There is no such bird')
  const made = noBird('There is no bird x.', { retryAfter: 3 })
  const { call } = faulty(() => {
    throw made
  })
  const error = await call('sing').catch((caught: unknown) => caught)
  assert.ok(isAppError(error) && error !== made)
  assert.deepEqual(error.toJSON(), made.toJSON())
})

test('a client that asked once does not hear of a replay that only the repeat was', async () => {
  let times = 0
  const { call } = faulty(
    (input, context) => {
      if (++times === 2) context.answer.replayed = true
      return input
    },
    () => 0.9,
  )
  const context = asking('k')
  const dispatcher = call('sing', context)
  await dispatcher
  assert.equal(context.answer.replayed, undefined)
})
