import type { Statement } from '@plaza/kernel/data'
import type { Client } from 'pg'

/** What a plan does, outermost first: `Limit`, `Index Scan posts_by_author`, … */
export type Plan = readonly string[]

/**
 * How PostgreSQL runs a statement: with a plan for these parameters (its first runs), and with the one for any parameters that it may keep
 * after five. A list is fine when neither sorts nor scans a whole table. Analyze the tables first, with as many rows as in life.
 * @example
 * const { custom, generic } = await planOf(owner, 'posts', olderByAuthor, { author, from: lastUuid, limit: 21 })
 */
export async function planOf<S extends Statement>(
  owner: Client,
  schema: string,
  { text, params: types }: Pick<S, 'text' | 'params'>,
  params: Readonly<Record<keyof S['params'], string | number | boolean | null | readonly string[]>>,
): Promise<{ custom: Plan; generic: Plan }> {
  const values = Object.keys(types).map(name => literal(owner, params[name as keyof S['params']]))
  const run = values.length === 0 ? 'plan_of' : `plan_of (${values.join(', ')})`
  const plan = async (mode: 'custom' | 'generic'): Promise<Plan> => {
    await owner.query(`set plan_cache_mode = force_${mode}_plan`)
    const { rows } = await owner.query(`explain (format json) execute ${run}`)
    return nodesOf(rows[0]['QUERY PLAN'][0].Plan)
  }
  await owner.query(`set search_path = ${owner.escapeIdentifier(schema)}`)
  await owner.query(`prepare plan_of as ${text}`)
  try {
    return { custom: await plan('custom'), generic: await plan('generic') }
  } finally {
    await owner.query('deallocate plan_of')
    await owner.query('reset plan_cache_mode')
    await owner.query('reset search_path')
  }
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly PlanNode[]
}

function nodesOf(node: PlanNode): string[] {
  const on = node['Index Name'] ?? node['Relation Name']
  const own = on === undefined ? node['Node Type'] : `${node['Node Type']} ${on}`
  return [own, ...(node.Plans ?? []).flatMap(nodesOf)]
}

function literal(owner: Client, value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `${value}`
  return owner.escapeLiteral(Array.isArray(value) ? `{${value.join(',')}}` : `${value}`)
}
