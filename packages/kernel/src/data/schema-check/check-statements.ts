import type pg from 'pg'
import type { Statement } from '../statement.ts'
import { type Column, type Description, describe } from './describe.ts'

/**
 * Prepares every statement against the migrated schema that `client` is in, and compares its parameters and columns with what is declared. Returns
 * a sentence for each difference: none means that what TypeScript believes of the rows is what PostgreSQL will give, as far as it can tell. Whether an
 * expression, or a column behind an outer join, may be null it does not tell.
 * @example
 * assert.deepEqual(await checkStatements(client, allStatements().filter(each => each.name.startsWith('posts.'))), [])
 */
export async function checkStatements(
  client: pg.Client,
  statements: readonly Statement[],
): Promise<string[]> {
  const described: [Statement, Description | Error][] = []
  for (const statement of statements)
    described.push([statement, await describe(client, statement.text).catch((error: Error) => error)])
  const facts = await factsOf(client, described)
  return described.flatMap(([statement, description]) =>
    (description instanceof Error ? [description.message] : differences(statement, description, facts)).map(
      problem => `${statement.name}: ${problem}`,
    ),
  )
}

interface Facts {
  /** `uuid`, `int8[]` by type id. */
  readonly types: ReadonlyMap<number, string>
  /** Columns (`tableId.number`) that may be null. */
  readonly nullable: ReadonlySet<string>
}

function differences(statement: Statement, { params, columns }: Description, facts: Facts): string[] {
  const problems: string[] = []
  Object.entries(statement.params).forEach(([name, declared], i) => {
    const actual = facts.types.get(params[i] ?? 0)
    if (actual !== bare(declared)) problems.push(`parameter ${name} is ${actual}, declared ${declared}`)
  })
  // A statement that declares no row is only ever counted.
  if (Object.keys(statement.row).length === 0) return problems
  const byName = Map.groupBy(columns, column => column.name)
  for (const [name, declared] of Object.entries(statement.row)) {
    const [column, another] = byName.get(name) ?? []
    if (column === undefined) problems.push(`column ${name} is declared, but not selected`)
    else if (another !== undefined) problems.push(`column ${name} is selected twice`)
    else problems.push(...columnProblems(column, declared, facts))
  }
  for (const name of byName.keys())
    if (!(name in statement.row)) problems.push(`column ${name} is selected, but not declared`)
  return problems
}

function columnProblems(column: Column, declared: string, facts: Facts): string[] {
  const actual = facts.types.get(column.typeId)
  if (actual !== bare(declared)) return [`column ${column.name} is ${actual}, declared ${declared}`]
  const mayBeNull = facts.nullable.has(`${column.tableId}.${column.columnNumber}`)
  return mayBeNull && !declared.endsWith('?')
    ? [`column ${column.name} may be null, declared ${declared}`]
    : []
}

const bare = (declared: string) => declared.replace('?', '')

async function factsOf(
  client: pg.Client,
  described: readonly [Statement, Description | Error][],
): Promise<Facts> {
  const all = described.flatMap(([, description]) => (description instanceof Error ? [] : [description]))
  const columns = all.flatMap(description => description.columns)
  const typeIds = [...all.flatMap(description => description.params), ...columns.map(column => column.typeId)]
  const types = await client.query(
    `select t.oid::int8 as id, coalesce(element.typname || '[]', t.typname) as name
     from pg_type t left join pg_type element on element.oid = t.typelem and t.typcategory = 'A'
     where t.oid = any($1)`,
    [[...new Set(typeIds)]],
  )
  const nullable = await client.query(
    `select attrelid::int8 || '.' || attnum as place
     from pg_attribute
     where attrelid = any($1) and attnum > 0 and not attnotnull`,
    [[...new Set(columns.map(column => column.tableId))]],
  )
  return {
    types: new Map(types.rows.map(row => [Number(row.id), row.name])),
    nullable: new Set(nullable.rows.map(row => row.place)),
  }
}
