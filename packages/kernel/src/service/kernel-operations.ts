import { type Contract, contract, type Operations } from '../contract/index.ts'
import { eventOperations } from '../events/index.ts'
import { jobOperations } from '../jobs/index.ts'
import { checkOperations } from './checks.ts'
import { instanceOperations } from './instance.ts'
import { personalDataOperations } from './personal-data.ts'

/** What the kernel itself lets every service answer; the names begin with `$`, and none has a route. */
const kernelOperations = {
  ...eventOperations,
  ...jobOperations,
  ...instanceOperations,
  ...personalDataOperations,
  ...checkOperations,
} satisfies Operations

type KernelContract = Contract<string, typeof kernelOperations>

const known = new Map<string, KernelContract>()

/**
 * The kernel's own operations of a service: its log, its dead letters, its jobs, its instances, what it holds of a person, its promises.
 * @example await call(kernelOf(posts)).$findJob({ id }, context)
 */
export function kernelOf(service: Pick<Contract, 'name'>): KernelContract {
  let found = known.get(service.name)
  if (found === undefined) {
    found = contract(service.name, kernelOperations)
    known.set(service.name, found)
  }
  return found
}
