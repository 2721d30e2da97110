import { type Call, makeCall } from '@plaza/kernel/call'
import type { Config } from '@plaza/kernel/config'
import { remoteCalls } from '@plaza/kernel/rpc'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import { findFleet } from './doctor/fleet-findings.ts'
import { readConfig, withSecret } from './read-config.ts'
import { allContracts } from './services.ts'
import { withServices } from './with-services.ts'

/** A service that a command asks. */
export interface Subject {
  readonly service: string
  /** Reaches whoever answers for it. */
  readonly call: Call
  /** Some process has its subscriptions and jobs at work. */
  readonly isAtWork: boolean
  /** Each of those processes that can be asked: only they have what is in memory. */
  readonly instances: readonly Call[]
}

/** Runs `work` with these services, for the command of that name: as they run in a fleet, else as they are callable here, beside a Plaza that runs or alone. */
export async function besideRunning<T>(
  command: string,
  names: readonly string[],
  work: (subjects: readonly Subject[]) => Promise<T>,
): Promise<T> {
  const config = readConfig()
  const addresses = (await findFleet(config))?.addresses ?? new Map<string, readonly string[]>()
  const fleet = remoteCalls({
    contracts: allContracts,
    addresses,
    secret: (await withSecret(config)).secret,
    name: `${command}:${process.pid}`,
    log: makeLogger({ level: 'silent', pretty: false }),
    metrics: makeMetrics(),
  })
  try {
    const runsHere = await isRunning(config)
    const isInFleet = (name: string) => (addresses.get(name)?.length ?? 0) > 0
    const subjectOf = async (service: string, here: Call): Promise<Subject> => {
      if (!isInFleet(service)) return { service, call: here, isAtWork: runsHere, instances: [] }
      const instances = await fleet.instancesOf(service)
      const calls = instances.map(each => makeCall(each.dispatcher))
      return { service, call: makeCall(fleet), isAtWork: true, instances: calls }
    }
    return await withServices(async here =>
      work(await Promise.all(names.map(name => subjectOf(name, here.call)))),
    )
  } finally {
    await fleet.close()
  }
}

/** A Plaza in one process has no other door than its gateway's. */
async function isRunning({ host, port }: Config): Promise<boolean> {
  const asked = fetch(`http://${host}:${port}/health/live`, { signal: AbortSignal.timeout(3_000) })
  return asked.then(
    () => true,
    () => false,
  )
}
