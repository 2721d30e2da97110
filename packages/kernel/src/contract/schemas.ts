import Type, { type Static, type TProperties, type TSchema } from 'typebox'
import { type IdKind, idPattern } from '../data/typeid.ts'

const id = <K extends IdKind>(kind: K) =>
  Type.Unsafe<`${K}_${string}`>({ type: 'string', pattern: idPattern(kind) })

/** TypeIDs (https://github.com/jetify-com/typeid): a UUIDv7 that says what it names. */
export const Id = {
  user: id('user'),
  session: id('session'),
  post: id('post'),
  report: id('report'),
  job: id('job'),
  event: id('event'),
} as const

export type UserId = Static<typeof Id.user>
export type SessionId = Static<typeof Id.session>
export type PostId = Static<typeof Id.post>
export type ReportId = Static<typeof Id.report>
export type JobId = Static<typeof Id.job>
export type EventId = Static<typeof Id.event>

/** RFC 3339, UTC, milliseconds. */
export const Timestamp = Type.String({ format: 'date-time' })

/** An object that has these properties and no others. One with a title is described once in the API's documentation, under that name. */
export const Closed = <P extends TProperties>(properties: P, title?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(title !== undefined && { title }) })

/** A scalar or closed object, or null. Written as `type: [t, 'null']`, which validates and serialises faster than `anyOf`. */
export const Nullable = <T extends TSchema>(schema: T) => {
  const { type, ...rest } = schema as unknown as { type: string }
  return Type.Unsafe<Static<T> | null>({ ...rest, type: [type, 'null'] })
}

/** No content: HTTP 204. */
export const Nothing = Type.Null()

/** No input at all. */
export const NoInput = Closed({})

/** What every list takes. */
export const PageInput = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'How many (default 20)' })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
} as const

export const Page = <T extends TSchema>(item: T) =>
  Closed(
    {
      items: Type.Array(item),
      nextCursor: Nullable(
        Type.String({ description: 'The `cursor` of the next page; null: this is the last' }),
      ),
      prevCursor: Nullable(Type.String({ description: 'The `cursor` of the page before this one' })),
    },
    'title' in item ? `${item.title}Page` : undefined,
  )

export interface PageOf<T> {
  items: T[]
  nextCursor: string | null
  prevCursor: string | null
}
