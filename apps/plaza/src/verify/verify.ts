import { explainFailure } from '../explain-failure.ts'
import { besideRunning } from '../running-plaza.ts'
import { serviceNames } from '../service-names.ts'
import { tellProgress } from '../tell-progress.ts'
import { exitCodeOf, report } from './report.ts'
import { type Outcome, runChecks } from './run-checks.ts'

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
  const onProgress = (service: string, promise: string, checked: number) =>
    tellProgress(`${service}: ${promise} … ${checked.toLocaleString('en')}`)
  try {
    return await besideRunning('verify', names, subjects => runChecks(subjects, { again, onProgress }))
  } finally {
    tellProgress('')
  }
}
