import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from '@plaza/kernel/service'
import type { Logger } from '@plaza/kernel/telemetry'

/** Sooner (ms) nobody is told that something is waited for. */
const quietFor = 3_000
/** What is not level after so long (ms) needs a person. */
const longestStart = 600_000

/**
 * Sets the host to work and waits until its subscriptions are level with their logs, which takes the services that own them: they may be
 * started later than this process. False when the signal came before. Throws, with what is missing, after ten minutes.
 */
export async function untilReady(host: Host, log: Logger, signal: AbortSignal): Promise<boolean> {
  const started = host.start().then(() => 'ready' as const)
  started.catch(() => {}) // whoever awaits it below hears of it
  const waiting = new AbortController()
  const aborted = whenAborted(signal)
  try {
    const outcome = (ms: number) =>
      Promise.race([
        started,
        aborted,
        sleep(ms, 'late' as const, { signal: waiting.signal }).catch(() => 'late' as const),
      ])
    let state = await outcome(quietFor)
    if (state === 'late') {
      log.info(`Waiting for ${await missingParts(host)}`)
      state = await outcome(longestStart - quietFor)
    }
    if (state !== 'late') return state === 'ready'
    const minutes = longestStart / 60_000
    throw new Error(
      `Not ready after ${minutes} minutes: ${await missingParts(host)}. Do the services run, are their addresses (PLAZA_URL_…) right, and is PLAZA_SECRET the same everywhere?`,
    )
  } finally {
    waiting.abort()
  }
}

function whenAborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise(resolve => {
    if (signal.aborted) resolve('aborted')
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
}

async function missingParts(host: Host): Promise<string> {
  const parts = await host.notReady()
  if (parts.length === 0) return 'the start of its services'
  return parts.map(({ part, reason }) => `${part} (${reason})`).join(', ')
}
