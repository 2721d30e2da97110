/** A row of the table that `plaza fleet` prints. */
export interface FleetRow {
  readonly services: readonly string[]
  readonly replica: number
  readonly pid: number
  /** Where clients reach it. */
  readonly http: string | undefined
  /** Where other processes call it. */
  readonly rpc: string | undefined
}

/** What runs where, by what `plaza fleet` printed; empty of any other command. */
export function fleetTable(output: string): readonly FleetRow[] {
  const rows = output.matchAll(/^ {2}([a-z+]+) +(\d+) +(\d+) {2}(http:\S+)(?: · (http:\S+))?$/gm)
  return [...rows].map(([, names = '', replica, pid, first = '', second]) => {
    const services = names.split('+')
    const isGateway = services.includes('gateway')
    return {
      services,
      replica: Number(replica),
      pid: Number(pid),
      http: isGateway ? first : undefined,
      rpc: isGateway ? second : first,
    }
  })
}
