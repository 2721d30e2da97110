import { randomInt } from 'node:crypto'
import { type Faults, seededRandom } from '@plaza/kernel/service'
import type { Logger } from '@plaza/kernel/telemetry'

/** Faults for tests of the whole: a tenth of the calls that may come twice do, each is up to 3 ms late. The seed is logged. */
export function seededFaults(log: Logger, seed = randomInt(2 ** 31)): Faults {
  log.warn({ seed }, 'Faults are injected into local calls: this is a test')
  return { random: seededRandom(seed), maxDelay: 3, repeats: 0.1 }
}
