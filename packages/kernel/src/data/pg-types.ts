import pg from 'pg'

/** PostgreSQL's types as we use them, and what each is in TypeScript. A `?` behind a name: may be null. */
interface ScalarTypes {
  uuid: string
  text: string
  bool: boolean
  int2: number
  int4: number
  /** A safe integer: a larger value is an error, not a rounded number. */
  int8: number
  float8: number
  timestamptz: Date
  date: string
  bytea: Buffer
  jsonb: unknown
  xid8: string
  pg_snapshot: string
}

type Scalar = keyof ScalarTypes
type Bare = Scalar | `${Scalar}[]`
export type PgType = Bare | `${Bare}?`

/** The TypeScript type of a PostgreSQL type's name. */
export type ValueOf<T extends PgType> = T extends `${infer B extends Bare}?`
  ? BareValue<B> | null
  : BareValue<T>
type BareValue<T> = T extends Scalar
  ? ScalarTypes[T]
  : T extends `${infer S extends Scalar}[]`
    ? readonly (ScalarTypes[S] | (S extends 'jsonb' ? never : null))[]
    : never

/** How values of rows are read: int8 as a safe number, dates as text, the rest as `pg` does. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') => {
    if (oid === int8Oid) return safeInteger
    if (oid === dateOid) return asText
    if (oid === int8ArrayOid) return (text: string) => (arrayOfText(text) as string[]).map(safeInteger)
    return pg.types.getTypeParser(oid, format)
  }) as typeof pg.types.getTypeParser,
}

const int8Oid = 20
const dateOid = 1082
const int8ArrayOid = 1016
const arrayOfText = pg.types.getTypeParser(1009 as number, 'text') as (text: string) => unknown

const asText = (text: string) => text

function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a JavaScript number`)
  return value
}
