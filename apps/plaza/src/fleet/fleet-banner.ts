import type { Config } from '@plaza/kernel/config'
import { databaseLine } from '../banner.ts'
import type { Database } from '../database.ts'
import { hostsGateway } from './plan.ts'
import type { Supervisor } from './supervisor.ts'

/** What runs where. */
export function showFleet(supervisor: Supervisor, config: Config, database: Database): void {
  const gateway = supervisor.children.find(each => hostsGateway(each.planned))
  const url = gateway && supervisor.urlOf(gateway).http?.replace('127.0.0.1', 'localhost')
  const lines = [
    url === undefined ? 'The fleet runs' : `Plaza runs at ${url}`,
    '',
    ...fleetTable(supervisor).map(line => `  ${line}`),
    '',
    `  database   ${databaseLine(database, config)}`,
    ...(url === undefined ? [] : [`  docs       ${url}/docs`]),
    '',
    'Look after it: npm run plaza -- doctor    Stop: ctrl-C',
  ]
  console.log(`\n${lines.join('\n')}\n`)
}

/** A line for each process: what it hosts, which double it is, its process id and where it is reached. */
function fleetTable(supervisor: Supervisor): string[] {
  const rows = supervisor.children.map(child => {
    const { rpc, http } = supervisor.urlOf(child)
    const { services, replica } = child.planned
    return [
      services.join('+'),
      String(replica),
      String(child.pid ?? '–'),
      [http, rpc].filter(Boolean).join(' · '),
    ]
  })
  const table = [['service', 'replica', 'pid', 'url'], ...rows]
  const widths = [0, 1, 2].map(column => Math.max(...table.map(row => row[column]!.length)))
  return table.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
