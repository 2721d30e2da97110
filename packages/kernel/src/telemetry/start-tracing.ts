import { ConfigError } from '../config/index.ts'
import type { Logger } from './logger.ts'
import { isTracingOn } from './tracing.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Registered tracing: disposing sends what is left, for 3 seconds at most. */
export type Tracing = AsyncDisposable

/** How often traces are taken, as `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` say. */
export interface Sampling {
  /** Share of the traces that begin here, 0 to 1. */
  readonly ratio: number
  /** Whether a trace that began elsewhere is taken when, and only when, it was taken there. */
  readonly followsParent: boolean
}

/**
 * Sends spans to the OTLP/HTTP collector at `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) through the OpenTelemetry SDK, which is
 * loaded only then. To be called before anything is wired: what is wired asks `isTracingOn` once. An SDK that was registered before, by
 * `--import`, is left as it is. Throws `ConfigError`.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @example
 * await using tracing = await startTracing(readEnv(), log)
 */
export async function startTracing(env: Env, log: Logger): Promise<Tracing> {
  const isWanted = env.OTEL_SDK_DISABLED?.toLowerCase() !== 'true' && env.OTEL_TRACES_EXPORTER !== 'none'
  const url = isWanted ? tracesUrl(env) : undefined
  if (url === undefined || isTracingOn()) return { [Symbol.asyncDispose]: async () => {} }
  const sampling = readSampling(env)
  const { registerOtlp } = await import('./otlp-tracing.ts')
  const hasTimeout = Boolean(env.OTEL_EXPORTER_OTLP_TIMEOUT || env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT)
  return registerOtlp({ url, sampling, hasTimeout, serviceName: env.OTEL_SERVICE_NAME || 'plaza', log })
}

/** Where spans go; undefined when no endpoint is set. */
export function tracesUrl(env: Env): string | undefined {
  const own = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  if (own) return assertUrl('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', own)
  const shared = env.OTEL_EXPORTER_OTLP_ENDPOINT
  if (!shared) return undefined
  return `${assertUrl('OTEL_EXPORTER_OTLP_ENDPOINT', shared).replace(/\/$/, '')}/v1/traces`
}

export function readSampling(env: Env): Sampling {
  const name = env.OTEL_TRACES_SAMPLER || 'parentbased_always_on'
  const [, parent, kind] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? []
  if (kind === undefined)
    throw wrong(
      'OTEL_TRACES_SAMPLER',
      name,
      'always_on, always_off or traceidratio, each also after parentbased_',
    )
  const followsParent = parent !== undefined
  if (kind !== 'traceidratio') return { ratio: kind === 'always_on' ? 1 : 0, followsParent }
  const given = env.OTEL_TRACES_SAMPLER_ARG || '1'
  const ratio = Number(given)
  if (!(ratio >= 0 && ratio <= 1)) throw wrong('OTEL_TRACES_SAMPLER_ARG', given, 'a number from 0 to 1')
  return { ratio, followsParent }
}

function assertUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return value
  // It may hold a password.
  throw wrong(name, '(hidden)', 'a URL that begins with http:// or https://')
}

function wrong(name: string, value: string, allowed: string): ConfigError {
  return new ConfigError(`${name}=${value} is not valid: it must be ${allowed}.`)
}
