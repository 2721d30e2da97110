import { ecsFormat } from '@elastic/ecs-pino-format'
import pino from 'pino'

export type Logger = pino.Logger

export interface LoggerOptions {
  readonly level: string
  /** Readable lines with colours, for a terminal; else one ECS JSON object a line. */
  readonly pretty: boolean
  /** Where JSON lines go instead of standard output. */
  readonly to?: { write(line: string): void }
}

/** Names that hold secrets wherever they appear in a logged object. */
const secretFields = ['password', 'token', 'accessToken', 'refreshToken', 'authorization', 'cookie', 'secret']

/** Logs in Elastic Common Schema (https://www.elastic.co/guide/en/ecs/current) to standard output. */
export function makeLogger(options: LoggerOptions): Logger {
  const redact = secretFields.flatMap(name => [name, `*.${name}`, `*.*.${name}`])
  if (options.pretty) {
    const transport = {
      target: 'pino-pretty',
      options: { colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' },
    }
    return pino({ level: options.level, redact, transport })
  }
  const format = { ...ecsFormat({ apmIntegration: false }), level: options.level, redact }
  return options.to === undefined ? pino(format) : pino(format, options.to)
}
