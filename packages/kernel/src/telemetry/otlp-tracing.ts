import { setTimeout as delay } from 'node:timers/promises'
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { type ExportResult, ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from './logger.ts'
import type { Sampling, Tracing } from './start-tracing.ts'
import { passOverUnsampled } from './tracing.ts'

interface OtlpOptions {
  readonly url: string
  readonly serviceName: string
  readonly sampling: Sampling
  /** Whether the environment says how long an export may take. */
  readonly hasTimeout: boolean
  readonly log: Logger
}

/**
 * How long an export may take with all its retries, in ms, and the last one when Plaza stops. The SDK's 10 s would keep a process that is
 * stopping alive as long as its collector is gone.
 */
const patience = 3_000
const minute = 60_000

/**
 * Registers the SDK: spans wait in a bounded queue (2,048; more are dropped) and are sent by batches. Headers, certificates, compression
 * and timeout are read by the exporter itself, from `OTEL_EXPORTER_OTLP_*`.
 */
export function registerOtlp({ url, serviceName, sampling, hasTimeout, log }: OtlpOptions): Tracing {
  const limits = { url, ...(!hasTimeout && { timeoutMillis: patience }) }
  const exporter = new ReportingExporter(new OTLPTraceExporter(limits), url, log)
  const resource = detectResources({ detectors: [resourceAttributesEnvDetector] })
  const provider = new TracerProvider({
    resource: resource.merge(resourceFromAttributes({ 'service.name': serviceName })),
    sampler: samplerOf(sampling),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  if (sampling.followsParent) passOverUnsampled()
  return {
    [Symbol.asyncDispose]: async () => {
      const late = new AbortController()
      // A collector that is gone or hangs was told of in the log; it must not keep Plaza from stopping.
      const flushed = provider.shutdown().catch(() => {})
      await Promise.race([flushed, delay(patience, undefined, { signal: late.signal }).catch(() => {})])
      late.abort()
      trace.disable()
      propagation.disable()
      context.disable()
    },
  }
}

function samplerOf({ ratio, followsParent }: Sampling): Sampler {
  const root = new TraceIdRatioBasedSampler(ratio)
  return followsParent ? new ParentBasedSampler({ root }) : root
}

/** Says in the log that spans are lost, once a minute at most: the SDK itself is silent. */
class ReportingExporter implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #origin: string
  readonly #log: Logger
  #lost = 0
  #saidAt = -minute

  constructor(exporter: SpanExporter, url: string, log: Logger) {
    this.#exporter = exporter
    this.#origin = new URL(url).origin
    this.#log = log
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, result => {
      if (result.code === ExportResultCode.FAILED) this.#report(spans.length, result.error)
      done(result)
    })
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve()
  }

  #report(lost: number, error: Error | undefined): void {
    this.#lost += lost
    if (performance.now() - this.#saidAt < minute) return
    const reason = error?.message.slice(0, 200) ?? 'no reason given'
    this.#log.warn(`The collector at ${this.#origin} did not take ${this.#lost} spans: ${reason}`)
    this.#lost = 0
    this.#saidAt = performance.now()
  }
}
