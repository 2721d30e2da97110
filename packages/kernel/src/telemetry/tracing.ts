import {
  context as otelContext,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'

const tracer = trace.getTracer('plaza')

// What was not sampled is most of the work: below it nothing is made, only this passed on.
const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: 'f'.repeat(32),
  spanId: 'f'.repeat(16),
  traceFlags: TraceFlags.NONE,
})
let passesOverUnsampled = false

/** The sampler follows its parent, so work below a span that was not sampled need not ask it. */
export function passOverUnsampled(): void {
  passesOverUnsampled = true
}

/** Whether an OpenTelemetry SDK is registered; without one, tracing costs a comparison. Asked at start, not at each call. */
export function isTracingOn(): boolean {
  const provider = trace.getTracerProvider()
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('probe') !== undefined
}

/**
 * Runs `work` inside a span that continues `traceparent` (W3C Trace Context) and hands it the span's own, to travel on. A throw marks
 * the span failed.
 */
export async function traced<T>(
  name: string,
  kind: SpanKind,
  traceparent: string | undefined,
  work: (traceparent: string | undefined) => Promise<T>,
): Promise<T> {
  const active = otelContext.active()
  if (passesOverUnsampled && (traceparent === undefined ? active === unsampled : traceparent.endsWith('-00')))
    return active === unsampled ? work(traceparent) : otelContext.with(unsampled, () => work(traceparent))
  const parent = traceparent === undefined ? active : propagation.extract(ROOT_CONTEXT, { traceparent })
  const span = tracer.startSpan(name, { kind }, parent)
  if (passesOverUnsampled && !span.isRecording()) {
    const { traceId, spanId } = span.spanContext()
    return otelContext.with(unsampled, () => work(`00-${traceId}-${spanId}-00`))
  }
  const spanContext = trace.setSpan(parent, span)
  try {
    const carried: { traceparent?: string } = {}
    propagation.inject(spanContext, carried)
    return await otelContext.with(spanContext, () => work(carried.traceparent ?? traceparent))
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}
