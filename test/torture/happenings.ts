import { Closed, contract, event, Type } from '@plaza/kernel/contract'
import { makeLogger } from '@plaza/kernel/telemetry'

/** The producer whose log is tortured. */
export const happenings = contract('happenings', {}, { happened: event(Closed({ n: Type.Integer() })) })

export const streamCount = 40

/** How child processes are told what to do. */
export interface WriterTask {
  readonly url: string
  readonly host: number
  readonly writers: number
  readonly seed: number
}

export interface SubscriberTask {
  readonly producerUrl: string
  readonly ownUrl: string
  readonly schema: string
}

export const taskOf = <T>() => JSON.parse(process.argv[2] ?? '{}') as T

export const quiet = makeLogger({ level: 'silent', pretty: false })
