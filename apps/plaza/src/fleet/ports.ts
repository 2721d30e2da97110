import { findFreePort, isFreePort } from '@plaza/kernel/postgres-programs'
import { hostsGateway, isCalled, type PlannedProcess } from './plan.ts'

/** Where one process of a fleet listens: for the others, and for clients. It keeps its ports when it is started again. */
export interface Ports {
  readonly rpc: number | undefined
  readonly http: number | undefined
}

/** Free loopback ports for each process; the first gateway listens on `port`, further ones on the free ports after it (0: on any). */
export async function assignPorts(
  processes: readonly PlannedProcess[],
  port: number,
): Promise<ReadonlyMap<PlannedProcess, Ports>> {
  const taken = new Set<number>()
  const anyPort = async () => {
    for (;;) {
      const found = await findFreePort()
      if (taken.has(found)) continue
      taken.add(found)
      return found
    }
  }
  let next = port
  const gatewayPort = async () => {
    if (port === 0) return anyPort()
    // The first is what was asked for: when it is taken, its process says so.
    while (next !== port && next <= 65_535 && (taken.has(next) || !(await isFreePort(next)))) next++
    taken.add(next)
    return next++
  }
  const assigned = new Map<PlannedProcess, Ports>()
  for (const each of processes) {
    const http = hostsGateway(each) ? await gatewayPort() : undefined
    const rpc = isCalled(each) ? await anyPort() : undefined
    assigned.set(each, { rpc, http })
  }
  return assigned
}
