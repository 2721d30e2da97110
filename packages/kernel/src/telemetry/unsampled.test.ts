import assert from 'node:assert/strict'
import { test } from 'node:test'
import { context, SpanKind, trace } from '@opentelemetry/api'
import { makeLogger } from './logger.ts'
import { startTracing } from './start-tracing.ts'
import { traced } from './tracing.ts'

const isActiveSampled = () => trace.getSpanContext(context.active())?.traceFlags === 1
const inner = (traceparent: string | undefined) =>
  traced('inner', SpanKind.INTERNAL, traceparent, async inside => ({ inside, sampled: isActiveSampled() }))

test('what was not sampled stays unsampled all the way down, and what was goes on', async () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    OTEL_TRACES_SAMPLER: 'parentbased_always_off',
  }
  await using _tracing = await startTracing(env, makeLogger({ level: 'silent', pretty: false }))

  const root = await traced('root', SpanKind.SERVER, undefined, async own => {
    assert.match(own ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    // A call carries the traceparent; a statement finds the context.
    assert.deepEqual(await inner(own), { inside: own, sampled: false })
    assert.deepEqual(await inner(undefined), { inside: undefined, sampled: false })
    return own
  })
  // In another process only the traceparent arrives.
  assert.deepEqual(await inner(root), { inside: root, sampled: false })

  const taken = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const child = await inner(taken)
  assert.match(child.inside ?? '', /^00-a{32}-[0-9a-f]{16}-01$/)
  assert.notEqual(child.inside, taken)
  assert.equal(child.sampled, true)
  await assert.rejects(
    traced('fails', SpanKind.SERVER, root, async () => {
      throw new Error('as it is')
    }),
    /as it is/,
  )
})
