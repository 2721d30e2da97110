import { allStatements, openDatabase } from '@plaza/kernel/data'
import { logSettings } from '@plaza/kernel/events'
import { happenings } from './happenings.ts'

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly PlanNode[]
}

interface Snapshotted {
  readonly tick: number
  readonly snapshot: string
  readonly total: number
  readonly high: number
}

/**
 * How the statements of ticker and readers run in a log of this size, with the settings of their connections: each partition by the index
 * meant for it, and nothing sorted but a small batch. Returns what is not so, and the time of each in ms.
 */
export async function examinePlans(url: string, from: Snapshotted, to: Snapshotted) {
  const db = openDatabase({ url, schema: happenings.name })
  const client = await db.connect(logSettings)
  const wrong: string[] = []
  const times: Record<string, string> = {}
  try {
    for (const { statement, params, index } of examined(from, to)) {
      const { text } = allStatements().find(each => each.name === statement)!
      await client.query('begin')
      await client.query(`prepare examined as ${text}`)
      const { rows } = await client.query(
        `explain (analyze, format json) execute examined (${params.join(', ')})`,
      )
      await client.query('rollback')
      await client.query('deallocate examined')
      const [{ Plan, ...facts }] = rows[0]['QUERY PLAN'] as [{ Plan: PlanNode; 'Execution Time': number }]
      times[statement] = facts['Execution Time'].toFixed(2)
      const scans = nodesOf(Plan).filter(node => node['Relation Name']?.startsWith('events_'))
      if (scans.length === 0) wrong.push(`${statement} reads no events`)
      for (const scan of scans) {
        const isMeant = scan['Node Type'].startsWith('Index') && index.test(scan['Index Name'] ?? '')
        if (!isMeant)
          wrong.push(
            `${statement}: ${scan['Node Type']} of ${scan['Relation Name']} by ${scan['Index Name'] ?? 'nothing'}`,
          )
      }
    }
  } finally {
    await client.end()
    await db.close()
  }
  return { wrong, times }
}

const byXid = /_xid_position_idx$/
const byEither = /_xid_position_idx$|_pkey$/

function examined(from: Snapshotted, to: Snapshotted) {
  const xmaxOf = ({ snapshot }: Snapshotted) => `'${snapshot.split(':')[1]}'`
  // Thirty transactions that are long over: as many as a busy server has open.
  const xip = `'{${Array.from({ length: 30 }, (_, i) => i + 3)}}'`
  return [
    {
      statement: 'events.tick',
      params: [xip, xmaxOf(to), to.tick, 1, to.total, to.high, `'nobody'`],
      index: byXid,
    },
    {
      statement: 'events.read-small',
      params: [xip, xmaxOf(from), xmaxOf(to), xip, 0, 1, 5_000],
      index: byXid,
    },
    {
      statement: 'events.read-large',
      params: [xip, 0, from.high, to.high, `'${from.snapshot}'`, `'${to.snapshot}'`, 1, 500],
      index: byEither,
    },
    { statement: 'events.lowest-position', params: [xmaxOf(from), xmaxOf(to), xip, 1], index: byXid },
  ]
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
}
