import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { newContext } from '../call/index.ts'
import { Closed, query, Type } from '../contract/index.ts'
import { sql } from '../data/index.ts'
import { type ScratchDatabase, scratchDatabase } from '../data/scratch-database.ts'
import { LocalDispatcher } from '../service/local-dispatcher.ts'
import { makeMetrics } from './metrics.ts'

// What an SDK registers, as small as it can be: it keeps the names of ended spans, and which failed.
const ended: string[] = []
before(() => {
  const startSpan = (name: string) => {
    const state = { failed: false }
    const span = {
      setStatus: ({ code }: { code: SpanStatusCode }) => {
        state.failed = code === SpanStatusCode.ERROR
        return span
      },
      end: () => {
        ended.push(state.failed ? `${name} failed` : name)
      },
    } as unknown as Span
    return span
  }
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan, startActiveSpan: () => assert.fail() }) })
})
after(() => trace.disable())

const Word = Closed({ word: Type.String() })

test('with an SDK registered, a call and its statements each have a span, named and without values', async () => {
  await using scratch: ScratchDatabase = await scratchDatabase()
  const db = await scratch.open({ name: 'birds', migrations: undefined })
  const sing = sql({
    name: 'birds.sing',
    params: { word: 'text' },
    row: { word: 'text' },
  })`select ${'word'} as word`
  const dispatcher = new LocalDispatcher(makeMetrics())
  const operation = query({ access: 'public', input: Word, output: Word })
  const handler = (input: { word: string }) => sing.one(db, input)
  dispatcher.add('birds', { sing: { operation, handler: handler as never, db: undefined } })
  const context = newContext({ requestId: 'test', deadline: Date.now() + 5_000 })

  ended.length = 0
  assert.deepEqual(await dispatcher.invoke('birds', 'sing', { word: 'tweet' }, context), { word: 'tweet' })
  assert.deepEqual(ended, ['birds.sing', 'birds.sing'])
  ended.length = 0
  await assert.rejects(
    dispatcher.invoke('birds', 'sing', { word: null }, newContext({ ...context, caller: 'edge' })),
  )
  assert.deepEqual(ended, ['birds.sing failed'])
})
