import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { makeLogger } from './logger.ts'
import { readSampling, startTracing, tracesUrl } from './start-tracing.ts'
import { isTracingOn } from './tracing.ts'

const log = makeLogger({ level: 'silent', pretty: false })
const loaded: string[] = []
registerHooks({
  resolve: (specifier, context, next) => {
    loaded.push(specifier)
    return next(specifier, context)
  },
})
const hasLoadedSdk = () => loaded.includes('@opentelemetry/sdk-trace')

test('without an endpoint, or switched off, nothing is registered and the SDK is not loaded', async () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
  const off = [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { ...endpoint, OTEL_SDK_DISABLED: 'true' },
    { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
  ]
  for (const env of off) {
    await using _tracing = await startTracing(env, log)
    assert.equal(isTracingOn(), false)
  }
  assert.equal(hasLoadedSdk(), false)
})

test('with an endpoint tracing is on, until it is stopped', async () => {
  const tracing = await startTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }, log)
  assert.equal(isTracingOn(), true)
  assert.equal(hasLoadedSdk(), true)
  await tracing[Symbol.asyncDispose]()
  assert.equal(isTracingOn(), false)
})

test('spans go to v1/traces below the shared endpoint, or just where the one for traces says', () => {
  const shared = (url: string) => tracesUrl({ OTEL_EXPORTER_OTLP_ENDPOINT: url })
  assert.equal(shared('http://collector:4318'), 'http://collector:4318/v1/traces')
  assert.equal(shared('https://collector/otel/'), 'https://collector/otel/v1/traces')
  const both = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b/in',
  }
  assert.equal(tracesUrl(both), 'http://b/in')
  assert.equal(tracesUrl({}), undefined)
})

test('an endpoint that is none stops the start, and is not shown: it may hold a password', () => {
  assert.throws(
    () => tracesUrl({ OTEL_EXPORTER_OTLP_ENDPOINT: 'ana:hunter2@collector' }),
    (error: Error) =>
      /OTEL_EXPORTER_OTLP_ENDPOINT=\(hidden\) is not valid/.test(error.message) &&
      !error.message.includes('hunter2'),
  )
})

test('how often traces are taken', () => {
  const sampling = (name?: string, arg?: string) =>
    readSampling({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg })
  assert.deepEqual(sampling(), { ratio: 1, followsParent: true })
  assert.deepEqual(sampling('always_on'), { ratio: 1, followsParent: false })
  assert.deepEqual(sampling('parentbased_always_off'), { ratio: 0, followsParent: true })
  assert.deepEqual(sampling('traceidratio', '0.25'), { ratio: 0.25, followsParent: false })
  assert.deepEqual(sampling('parentbased_traceidratio', '0.01'), { ratio: 0.01, followsParent: true })
  assert.deepEqual(sampling('parentbased_traceidratio'), { ratio: 1, followsParent: true })
  assert.throws(() => sampling('sometimes'), /OTEL_TRACES_SAMPLER=sometimes is not valid/)
  for (const arg of ['2', '-0.1', 'often'])
    assert.throws(() => sampling('traceidratio', arg), /OTEL_TRACES_SAMPLER_ARG=.* a number from 0 to 1/)
})
