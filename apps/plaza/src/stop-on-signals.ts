export interface Stopping {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal
  /** Resolves then. */
  readonly aborted: Promise<void>
  /** As a signal does. */
  stop(): void
  /** What is done, before the process exits, for whoever does not want to wait. */
  onHurry(hurry: () => void): void
}

/** Hears SIGTERM, SIGINT and SIGHUP. A later ctrl-C is for those who do not want to wait; npm passes on each one a second time, at once. */
export function stopOnSignals(): Stopping {
  const stopping = new AbortController()
  const { promise, resolve } = Promise.withResolvers<void>()
  let first = 0
  let hurry = () => {}
  const stop = () => {
    first ||= Date.now()
    stopping.abort()
    resolve()
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted && signal === 'SIGINT' && Date.now() - first > 1_000) {
        hurry()
        process.exit(130)
      }
      stop()
    })
  }
  return {
    signal: stopping.signal,
    aborted: promise,
    stop,
    onHurry: given => {
      hurry = given
    },
  }
}
