import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Span, SpanKind, type SpanOptions, trace } from '@opentelemetry/api'
import { asking, callBirds, serveBirds } from './serve-birds.ts'

const ended: string[] = []
before(() => {
  const startSpan = (name: string, { kind }: SpanOptions) =>
    ({
      setStatus: () => {},
      end: () => void ended.push(`${name} ${SpanKind[kind ?? 0]}`),
    }) as unknown as Span
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan, startActiveSpan: () => assert.fail() }) })
})
after(() => trace.disable())

test('with tracing on, a remote call has a span here and one where it runs, and the trace goes with it', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  let heard: string | undefined
  await using server = await serveBirds({
    hear: (input, context) => {
      heard = context.traceparent
      context.answer.degraded = true
      return input
    },
  })
  await using client = callBirds([server.url])
  const context = asking(5_000, { traceparent })
  await client.birds.hear({ word: 'hi' }, context)
  assert.deepEqual(ended, ['birds.hear INTERNAL', 'birds.hear CLIENT'])
  assert.equal(heard, traceparent)
  assert.equal(context.answer.degraded, true)
})
