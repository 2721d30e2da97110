import { SpanKind } from '@opentelemetry/api'
import { type Call, type Dispatcher, makeCall, newContext } from '@plaza/kernel/call'
import { isTracingOn, traced } from '@plaza/kernel/telemetry'
import fastJson from 'fast-json-stringify'
import { percentile } from '../measure.ts'
import { till } from './contracts.ts'

export interface CallerFigures {
  readonly requests: number
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly errors: number
}

/** What the gateway does with an answer: writes it by the contract's schema, which leaves out what is not in it. */
const written = fastJson(till.operations.quote.output as fastJson.Schema)

/** So many callers, each asking again as soon as it is answered, the way the gateway does: as the edge, validated, traced from here on. */
export async function callInLoops(
  dispatcher: Dispatcher,
  { callers, seconds }: { readonly callers: number; readonly seconds: number },
): Promise<CallerFigures> {
  const call = makeCall(dispatcher)
  const isTraced = isTracingOn()
  const latencies: number[] = []
  let errors = 0
  const began = performance.now()
  const end = began + seconds * 1000
  const loop = async (caller: number) => {
    for (let n = 0; ; n++) {
      const asked = performance.now()
      if (asked >= end) return
      try {
        const answer = await (isTraced ? askTraced(call, caller, n) : ask(call, caller, n, undefined))
        if (!answer.includes('"total"')) throw new Error(`The answer is wrong: ${answer}`)
        latencies.push(performance.now() - asked)
      } catch (error) {
        if (errors++ === 0) console.error(error)
      }
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => loop(caller)))
  const sorted = Float64Array.from(latencies).sort()
  return {
    requests: sorted.length,
    perSecond: (sorted.length * 1000) / (performance.now() - began),
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    errors,
  }
}

const note = 'Please wrap it: it is a present for somebody who likes blue linen, and ring twice at the gate.'

async function ask(call: Call, caller: number, n: number, traceparent: string | undefined): Promise<string> {
  const context = newContext({
    requestId: `${caller}-${n}`,
    deadline: Date.now() + 10_000,
    caller: 'edge',
    traceparent,
  })
  const input = { product: `shirt-${n % 1000}`, count: 1 + (n % 9), note }
  return written(await call(till).quote(input, context))
}

// The trace's first span is the request's own, as at the edge.
const askTraced = (call: Call, caller: number, n: number) =>
  traced('GET /quote', SpanKind.SERVER, undefined, traceparent => ask(call, caller, n, traceparent))
