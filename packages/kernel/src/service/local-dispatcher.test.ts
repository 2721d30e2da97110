import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Context, newContext } from '../call/index.ts'
import { Closed, command, errorCode, type Operation, query, Type, unknownOutcome } from '../contract/index.ts'
import type { Role } from '../security/index.ts'
import { makeMetrics } from '../telemetry/index.ts'
import { LocalDispatcher } from './local-dispatcher.ts'

const Word = Closed({ word: Type.String({ maxLength: 5 }) })
const shape = { input: Word, output: Word }
const noBird = errorCode('bird-not-found', 'not-found', 'There is no such bird')

function dispatcherOf(operation: Operation, handler: (input: never) => unknown, metrics = makeMetrics()) {
  const dispatcher = new LocalDispatcher(metrics)
  dispatcher.add('birds', { say: { operation, handler: handler as never, db: undefined } })
  return (input: unknown, context: Context) => dispatcher.invoke('birds', 'say', input, context)
}

const echo = (input: { word: string }) => input
const asking = (options: { roles?: readonly Role[]; caller?: 'edge' | 'service'; within?: number } = {}) =>
  newContext({
    requestId: 'test',
    caller: options.caller ?? 'edge',
    deadline: Date.now() + (options.within ?? 5_000),
    identity: options.roles && { userId: 'user_x', sessionId: 'session_x', roles: options.roles },
  })

test('what is internal does not exist for the edge', async () => {
  const say = dispatcherOf(query({ ...shape, access: 'internal' }), echo)
  await assert.rejects(say({ word: 'hi' }, asking()), { code: 'not-found' })
  assert.deepEqual(await say({ word: 'hi' }, asking({ caller: 'service' })), { word: 'hi' })
})

test('who is not logged in is told so, and who may not is told what it needs', async () => {
  const say = dispatcherOf(query({ ...shape, access: 'users:manage' }), echo)
  await assert.rejects(say({ word: 'hi' }, asking()), { code: 'unauthenticated' })
  await assert.rejects(say({ word: 'hi' }, asking({ roles: ['user', 'seller'] })), {
    code: 'forbidden',
    message: /users:manage/,
  })
  assert.deepEqual(await say({ word: 'hi' }, asking({ roles: ['admin'] })), { word: 'hi' })
})

test('input from the edge is checked before the handler sees it', async () => {
  const say = dispatcherOf(query({ ...shape, access: 'public' }), () => assert.fail('it was called'))
  await assert.rejects(say({ word: 'too long' }, asking()), { code: 'invalid-input' })
})

test('a call whose deadline is over does not begin', async () => {
  const say = dispatcherOf(query({ ...shape, access: 'public' }), () => assert.fail('it was called'))
  await assert.rejects(say({ word: 'hi' }, asking({ within: -1 })), { code: 'deadline-exceeded' })
})

test('at the deadline a query is too slow, and a command may have happened', async () => {
  const never = () => new Promise(() => {})
  const slow = dispatcherOf(query({ ...shape, access: 'public' }), never)
  await assert.rejects(slow({ word: 'hi' }, asking({ within: 30 })), { code: 'deadline-exceeded' })
  const doing = dispatcherOf(command({ ...shape, access: 'public' }), never)
  await assert.rejects(doing({ word: 'hi' }, asking({ within: 30 })), { code: 'unknown-outcome' })
})

test('a declared failure keeps its code; any other answers without detail and keeps its cause for the log', async () => {
  const fails = dispatcherOf(query({ ...shape, access: 'public' }), () => {
    throw noBird('There is no bird x.')
  })
  await assert.rejects(fails({ word: 'hi' }, asking()), {
    code: 'bird-not-found',
    message: 'There is no bird x.',
  })
  const bug = new Error('password=hunter2')
  const breaks = dispatcherOf(query({ ...shape, access: 'public' }), () => {
    throw bug
  })
  await assert.rejects(breaks({ word: 'hi' }, asking()), {
    code: 'internal-error',
    cause: bug,
    message: /Something went wrong/,
  })
})

test('a query whose database went away has changed nothing: it is unavailable, not unknown', async () => {
  const gone = () => {
    throw unknownOutcome('The database went away before it answered.')
  }
  await assert.rejects(dispatcherOf(query({ ...shape, access: 'public' }), gone)({ word: 'hi' }, asking()), {
    code: 'unavailable',
  })
  await assert.rejects(
    dispatcherOf(command({ ...shape, access: 'public' }), gone)({ word: 'hi' }, asking()),
    { code: 'unknown-outcome' },
  )
})

test('each operation is counted and timed by its outcome', async () => {
  const metrics = makeMetrics()
  const say = dispatcherOf(query({ ...shape, access: 'public' }), echo, metrics)
  await say({ word: 'hi' }, asking())
  await say({ word: 'too long' }, asking()).catch(() => {})
  const text = await metrics.registry.metrics()
  assert.match(text, /plaza_operation_seconds_count\{operation="birds\.say",outcome="ok"\} 1/)
  assert.match(text, /plaza_operation_seconds_count\{operation="birds\.say",outcome="invalid-input"\} 1/)
})

test('a service that is not hosted is unavailable', async () => {
  const dispatcher = new LocalDispatcher(makeMetrics())
  await assert.rejects(dispatcher.invoke('birds', 'say', {}, asking()), { code: 'unavailable' })
})
