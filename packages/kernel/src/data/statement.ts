import type { Db, Tx } from './database.ts'
import type { PgType, ValueOf } from './pg-types.ts'

type ParamTypes = Readonly<Record<string, PgType>>
type RowTypes = Readonly<Record<string, PgType>>
export type ParamsOf<P extends ParamTypes> = { readonly [K in keyof P]: ValueOf<P[K]> }
export type RowOf<R extends RowTypes> = { readonly [K in keyof R]: ValueOf<R[K]> }

interface StatementOptions<P extends ParamTypes, R extends RowTypes> {
  /** Unique in its service, as in `posts.find-by-ids`: the prepared statement's name, and its name in metrics. */
  readonly name: string
  readonly params?: P
  readonly row?: R
}

/** SQL prepared once per connection, with the types of its parameters and columns. */
export interface Statement<P extends ParamTypes = ParamTypes, R extends RowTypes = RowTypes> {
  readonly name: string
  readonly text: string
  readonly params: P
  readonly row: R
  /** All rows. */
  all(on: Db | Tx, params: ParamsOf<P>): Promise<RowOf<R>[]>
  /** The one row there may be. */
  maybe(on: Db | Tx, params: ParamsOf<P>): Promise<RowOf<R> | undefined>
  /** The one row there must be; throws when there is none. */
  one(on: Db | Tx, params: ParamsOf<P>): Promise<RowOf<R>>
  /** How many rows it touched. */
  run(on: Db | Tx, params: ParamsOf<P>): Promise<number>
}

const registered = new Map<string, Statement>()

/** Every statement of the modules loaded so far: the schema test prepares each and compares columns and types. */
export const allStatements = (): readonly Statement[] => [...registered.values()]

/**
 * Declares a statement. `${'name'}` in the template stands for that parameter, cast to its declared type.
 * @example
 * const findByIds = sql({ name: 'posts.find-by-ids', params: { ids: 'uuid[]' }, row: { id: 'uuid', text: 'text' } })`
 *   select id, text
 *   from posts
 *   where id = any(${'ids'})`
 * const rows = await findByIds.all(db, { ids })
 */
export function sql<
  const P extends ParamTypes = Record<never, never>,
  const R extends RowTypes = Record<never, never>,
>(
  options: StatementOptions<P, R>,
): (strings: TemplateStringsArray, ...names: (keyof P & string)[]) => Statement<P, R> {
  return (strings, ...names) => {
    const order = Object.keys(options.params ?? {})
    const placeholder = (name: string) =>
      `$${order.indexOf(name) + 1}::${(options.params as ParamTypes)[name]!.replace('?', '')}`
    const text = strings.reduce((before, part, i) => before + placeholder(names[i - 1]!) + part)
    if (registered.has(options.name)) throw new Error(`Two statements are named ${options.name}`)
    const statement = define(options, order, text)
    registered.set(options.name, statement as unknown as Statement)
    return statement
  }
}

function define<P extends ParamTypes, R extends RowTypes>(
  options: StatementOptions<P, R>,
  order: string[],
  text: string,
): Statement<P, R> {
  const { name } = options
  const values = (params: ParamsOf<P>) => order.map(key => params[key])
  const rows = async (on: Db | Tx, params: ParamsOf<P>) =>
    (await on.execute(name, text, values(params))).rows as unknown as RowOf<R>[]
  return {
    name,
    text,
    params: (options.params ?? {}) as P,
    row: (options.row ?? {}) as R,
    all: rows,
    maybe: async (on, params) => (await rows(on, params))[0],
    one: async (on, params) => {
      const [row] = await rows(on, params)
      if (row === undefined) throw new Error(`${name} found no row`)
      return row
    },
    run: async (on, params) => (await on.execute(name, text, values(params))).rowCount ?? 0,
  }
}
