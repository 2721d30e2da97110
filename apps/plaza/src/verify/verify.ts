import { makeCall } from '@plaza/kernel/call'
import type { Config } from '@plaza/kernel/config'
import { remoteCalls } from '@plaza/kernel/rpc'
import type { Host } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import { findFleet } from '../doctor/fleet-findings.ts'
import { explainFailure } from '../explain-failure.ts'
import { readConfig, withSecret } from '../read-config.ts'
import { serviceNames } from '../service-names.ts'
import { allContracts } from '../services.ts'
import { withServices } from '../with-services.ts'
import { exitCodeOf, report } from './report.ts'
import { type Outcome, runChecks, type Subject } from './run-checks.ts'

/** A breach counts when it is still there this many ms later. */
const again = 10_000

/**
 * `plaza verify`: looks whether what the services promise holds in their data, beside a Plaza that runs or alone. The exit code says whether it does
 * (0), does not (1), or could not be checked (2).
 */
export async function verify(options: { readonly service?: string; readonly json?: boolean }): Promise<void> {
  try {
    const outcomes = await lookAtAll(serviceNames(options.service))
    console.log(options.json ? JSON.stringify({ checks: outcomes }, null, 2) : report(outcomes))
    process.exitCode = exitCodeOf(outcomes)
  } catch (error) {
    console.error(explainFailure(error))
    process.exitCode = 2
  }
}

async function lookAtAll(names: readonly string[]): Promise<readonly Outcome[]> {
  const config = readConfig()
  const addresses = (await findFleet(config))?.addresses ?? new Map<string, readonly string[]>()
  const fleet = remoteCalls({
    contracts: allContracts,
    addresses,
    secret: (await withSecret(config)).secret,
    name: `verify:${process.pid}`,
    log: makeLogger({ level: 'silent', pretty: false }),
    metrics: makeMetrics(),
  })
  try {
    const runsHere = await isRunning(config)
    const isInFleet = (name: string) => (addresses.get(name)?.length ?? 0) > 0
    const subjectOf = async (service: string, here: Host): Promise<Subject> => {
      if (!isInFleet(service)) return { service, call: here.call, isAtWork: runsHere, instances: [] }
      const instances = await fleet.instancesOf(service)
      const calls = instances.map(each => makeCall(each.dispatcher))
      return { service, call: makeCall(fleet), isAtWork: true, instances: calls }
    }
    return await withServices(async here => {
      const subjects = await Promise.all(names.map(name => subjectOf(name, here)))
      return runChecks(subjects, { again, onProgress: tell })
    })
  } finally {
    tell()
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

// One line of the terminal, written over and over; nothing where nobody looks.
function tell(service?: string, promise?: string, checked = 0): void {
  if (!process.stderr.isTTY) return
  const line = service === undefined ? '' : `${service}: ${promise} … ${checked.toLocaleString('en')}`
  process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`)
}
