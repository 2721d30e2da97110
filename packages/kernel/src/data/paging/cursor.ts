import { hash } from 'node:crypto'
import { invalidCursor } from '../../contract/kernel-errors.ts'

/**
 * What a list is ordered by. No timestamps: a `Date` cuts PostgreSQL's microseconds off, and rows would be skipped. A UUIDv7 is a time.
 */
type KeyType = 'uuid' | 'int8' | 'int4' | 'text'
export type KeyTypes = Readonly<Record<string, KeyType>>
export type KeyOf<K extends KeyTypes> = {
  readonly [N in keyof K]: K[N] extends 'uuid' | 'text' ? string : number
}

/** A place in a list: beside the row with this key, on its way on (`next`) or back (`prev`). */
export interface Place<K extends KeyTypes> {
  readonly towards: 'next' | 'prev'
  readonly from: KeyOf<K>
}

const maxLength = 500
const checkLength = 8

/**
 * A place as opaque text for URLs: base64url of its values, with a check that also covers `list`, so that a cursor of another list, or one that
 * was edited, is noticed. It is no secret and no right: who makes one up gets a place in a list he may read.
 */
export function encodeCursor<K extends KeyTypes>(list: string, types: K, place: Place<K>): string {
  const values = Object.keys(types).map(name => place.from[name])
  const text = Buffer.from(JSON.stringify([place.towards === 'next' ? 1 : 0, ...values])).toString(
    'base64url',
  )
  return checkOf(list, text) + text
}

/** The place again. Throws `invalid-cursor`. */
export function decodeCursor<K extends KeyTypes>(list: string, types: K, cursor: string): Place<K> {
  const text = cursor.slice(checkLength)
  if (cursor.length > maxLength || cursor.slice(0, checkLength) !== checkOf(list, text)) throw notOfThisList()
  const [towards, ...values] = parse(text)
  const names = Object.keys(types)
  if ((towards !== 0 && towards !== 1) || values.length !== names.length) throw notOfThisList()
  const from: Record<string, unknown> = {}
  names.forEach((name, i) => {
    if (!isOfType[types[name]!](values[i])) throw notOfThisList()
    from[name] = values[i]
  })
  return { towards: towards === 1 ? 'next' : 'prev', from: from as KeyOf<K> }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const isOfType: Record<KeyType, (value: unknown) => boolean> = {
  uuid: value => typeof value === 'string' && uuid.test(value),
  int8: value => Number.isSafeInteger(value),
  int4: value => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
  // PostgreSQL's text holds neither.
  text: value => typeof value === 'string' && value.isWellFormed() && !value.includes('\0'),
}

function parse(text: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (Array.isArray(parsed)) return parsed
  } catch {
    // said below
  }
  throw notOfThisList()
}

const checkOf = (list: string, text: string) =>
  hash('sha256', `${list} ${text}`, 'base64url').slice(0, checkLength)

const notOfThisList = () =>
  invalidCursor('The cursor is not one of this list.', {
    errors: [{ pointer: '/cursor', detail: 'is not a cursor that this list gave' }],
  })
