import { readEnv } from '@plaza/kernel/config'
import { makeLogger, startTracing } from '@plaza/kernel/telemetry'
import { showAdmin, showWelcome } from './banner.ts'
import { boot } from './boot.ts'
import { explainFailure } from './explain-failure.ts'
import { linkToSupervisor } from './fleet/link.ts'
import { readConfig } from './read-config.ts'
import { stopOnSignals } from './stop-on-signals.ts'

/** `plaza start`: what `--services` or `PLAZA_SERVICES` names, or everything, in this process, until SIGTERM or SIGINT. */
export async function start(options: { readonly services?: string }): Promise<void> {
  const config = readConfig({ PLAZA_SERVICES: options.services })
  const log = makeLogger({ level: config.logLevel, pretty: process.stdout.isTTY })
  const stopping = stopOnSignals()
  const supervisor = linkToSupervisor(() => {
    log.warn('The supervisor is gone: stopping')
    stopping.stop()
    // Whatever hangs must not stay behind.
    setTimeout(() => process.exit(1), config.drainTimeout * 3_000 + 5_000).unref()
  })
  process.on('unhandledRejection', error => {
    log.fatal({ err: error }, 'A promise was rejected and nobody looked: this is a bug')
    process.exit(1)
  })
  try {
    await using _tracing = await startTracing(readEnv(), log)
    const plaza = await boot({
      config,
      log,
      signal: stopping.signal,
      showAdmin: admin =>
        supervisor === undefined ? showAdmin(admin) : supervisor.tell({ kind: 'admin', admin }),
    })
    if (plaza === undefined) return
    if (supervisor === undefined) showWelcome(plaza, config)
    else supervisor.tell({ kind: 'ready' })
    await stopping.aborted
    log.info('Stopping: finishing what runs …')
    await plaza.stop().catch(error => {
      log.error(explainFailure(error))
      process.exitCode = 1
    })
    log.info('Stopped')
  } finally {
    supervisor?.untie()
  }
}
