import { makeLogger } from '@plaza/kernel/telemetry'
import { showWelcome } from './banner.ts'
import { boot } from './boot.ts'
import { explainFailure } from './explain-failure.ts'
import { readConfig } from './read-config.ts'

/** `plaza start`: every service and the gateway in this process, until SIGTERM or SIGINT. */
export async function start(): Promise<void> {
  const config = readConfig()
  const log = makeLogger({ level: config.logLevel, pretty: process.stdout.isTTY })
  const stopping = stopOnSignals()
  process.on('unhandledRejection', error => {
    log.fatal({ err: error }, 'A promise was rejected and nobody looked: this is a bug')
    process.exit(1)
  })
  const plaza = await boot({ config, log, signal: stopping.signal })
  if (plaza === undefined) return
  showWelcome(plaza, config)
  if (!stopping.signal.aborted)
    await new Promise(resolve => stopping.signal.addEventListener('abort', resolve))
  log.info('Stopping: finishing what runs …')
  try {
    await plaza.stop()
  } catch (error) {
    log.error(explainFailure(error))
    process.exitCode = 1
  }
  log.info('Stopped')
}

/** Aborts at the first signal. A later ctrl-C is for those who do not want to wait; npm passes on each one a second time, at once. */
function stopOnSignals(): AbortController {
  const stopping = new AbortController()
  let first = 0
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted && signal === 'SIGINT' && Date.now() - first > 1_000) process.exit(130)
      first ||= Date.now()
      stopping.abort()
    })
  }
  return stopping
}
