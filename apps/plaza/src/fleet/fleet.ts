import { setTimeout as sleep } from 'node:timers/promises'
import { type Config, gatewayName, readEnv } from '@plaza/kernel/config'
import { type Logger, makeLogger } from '@plaza/kernel/telemetry'
import { type Database, migrateServices, openServer, visitServer, whenItAnswers } from '../database.ts'
import { besidePool } from '../doctor/database-findings.ts'
import { explainFailure } from '../explain-failure.ts'
import { readConfig, withSecret } from '../read-config.ts'
import { allServices, knownNames } from '../services.ts'
import { stopOnSignals } from '../stop-on-signals.ts'
import { showFleet } from './fleet-banner.ts'
import { MergedLog } from './merged-log.ts'
import { type PlannedProcess, type PlanOptions, planFleet } from './plan.ts'
import { assignPorts } from './ports.ts'
import { isAlive, readFleetStates, removeFleetState } from './state-file.ts'
import { Supervisor } from './supervisor.ts'

/** `plaza fleet`: every service a process of its own on this machine, PostgreSQL with it, until SIGTERM or SIGINT. */
export async function fleet(options: PlanOptions): Promise<void> {
  const planned = planFleet(knownNames, options)
  const hosted = new Set(planned.flatMap(each => each.services))
  const given = readConfig({ PLAZA_SERVICES: [...hosted].join(',') })
  const stopping = stopOnSignals()
  const merged = mergedLog(planned)
  const own = merged.source('fleet', 'fleet')
  const log = makeLogger({ level: given.logLevel, pretty: false, to: { write: own.push } })
  await endOfEarlier(given, log)
  const config = await withSecret(given)
  const services = allServices.filter(each => hosted.has(each.contract.name))
  const connections = { max_connections: String(connectionsFor(planned, config)) }
  // A part of a fleet may be a guest of another's PostgreSQL; a second whole one on the same data is refused.
  const open = options.only === undefined ? openServer : visitServer
  await using database = await open(config, services, log, connections)
  const migrate = () => migrateServices(database.ownerUrl, services, config, log)
  await whenItAnswers(migrate, log, stopping.signal)
  if (stopping.signal.aborted) return
  const processes = await assignPorts(planned, config.port)
  const supervisor = new Supervisor({ config, env: environment(database), processes, merged, log })
  stopping.onHurry(() => supervisor.hurry())
  try {
    await Promise.race([supervisor.ready, stopping.aborted])
    if (!stopping.signal.aborted) {
      showFleet(supervisor, config, database)
      await stopping.aborted
    }
  } catch (error) {
    console.error(explainFailure(error))
    process.exitCode = 1
  }
  log.info('Stopping: gateways first, then services …')
  await supervisor.stop()
  log.info('Stopped')
}

function mergedLog(planned: readonly PlannedProcess[]): MergedLog {
  return new MergedLog({
    write: text => process.stdout.write(text),
    isTerminal: process.stdout.isTTY,
    names: ['fleet', ...planned.map(each => each.name)],
  })
}

function environment({ ownerUrl }: Database): Record<string, string | undefined> {
  return { ...readEnv(), ...(ownerUrl !== undefined && { DATABASE_URL: ownerUrl }) }
}

/** PostgreSQL's own standard for Plaza, and more where this many processes need more; some are left for people and tools. */
function connectionsFor(planned: readonly PlannedProcess[], config: Config): number {
  const services = planned.flatMap(each => each.services.filter(name => name !== gatewayName))
  return Math.max(100, services.length * (config.databaseConnections + besidePool) + 20)
}

/** A supervisor that was killed leaves processes that end by themselves: their ports and their database are waited for. */
async function endOfEarlier(config: Config, log: Logger): Promise<void> {
  const { dead } = await readFleetStates(config.dataFolder)
  const pids = dead.flatMap(each => each.processes.flatMap(({ pid }) => pid ?? []))
  const end = Date.now() + config.drainTimeout * 3_000 + 10_000
  if (pids.some(isAlive)) log.info('Waiting for the processes of an earlier fleet to end …')
  while (pids.some(isAlive) && Date.now() < end) await sleep(50)
  for (const { supervisor } of dead) await removeFleetState(config.dataFolder, supervisor)
}
