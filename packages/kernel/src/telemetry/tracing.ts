import {
  context as otelContext,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

const tracer = trace.getTracer('plaza')

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
  work: (traceparent: string | undefined, span: Span) => Promise<T>,
): Promise<T> {
  const parent =
    traceparent === undefined ? otelContext.active() : propagation.extract(ROOT_CONTEXT, { traceparent })
  const span = tracer.startSpan(name, { kind }, parent)
  const spanContext = trace.setSpan(parent, span)
  try {
    const carried: { traceparent?: string } = {}
    propagation.inject(spanContext, carried)
    return await otelContext.with(spanContext, () => work(carried.traceparent ?? traceparent, span))
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}
