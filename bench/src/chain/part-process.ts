import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { CallerFigures } from './callers.ts'
import type { Answered, Asked, PartOptions, Sent } from './part.ts'

/** A process of the chain. It ends when this one does. */
export interface PartProcess {
  readonly pid: number
  /** Where it takes calls; undefined for the gateway. */
  readonly url: string | undefined
  call(asked: { readonly callers: number; readonly seconds: number }): Promise<CallerFigures>
  /** What it sent to other processes so far. */
  sent(): Promise<Sent>
  stop(): Promise<void>
}

export async function startPart(options: PartOptions): Promise<PartProcess> {
  const child = fork(join(import.meta.dirname, 'part.ts'))
  const started = await ask(child, { start: options })
  return {
    pid: child.pid!,
    url: 'url' in started ? started.url : undefined,
    call: async asked => (await ask(child, asked)) as CallerFigures,
    sent: async () => (await ask(child, { sent: true })) as Sent,
    stop: async () => {
      if (child.exitCode !== null) return
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

/** One question at a time. */
async function ask(child: ChildProcess, asked: Asked): Promise<Answered> {
  child.send(asked)
  const answered = new AbortController()
  const { signal } = answered
  try {
    const [answer] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`A process of the chain ended with ${code}`)
      }),
    ])
    return answer
  } finally {
    answered.abort()
  }
}
