import type { Static, TSchema } from 'typebox'
import type { ErrorCode } from './app-error.ts'

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Who may call: `public` anybody; `user` anybody who is logged in; `token` these, and whose account is being erased, with the token in
 * hand, which is good for nothing else; `internal` services only, never the edge;
 * `caller` is the operation's own affair (log-in, refresh); else the permission that the caller's roles must give.
 */
export type Access = 'public' | 'user' | 'token' | 'internal' | Permission
/** `subject:action`, as in `posts:write`. Which role has which stands in `security/permissions.ts`. */
export type Permission = `${string}:${string}` | 'moderation' | 'ops'

interface OperationOptions<I extends TSchema, O extends TSchema> {
  /** `METHOD /path/:param`. Params and query (GET, DELETE) or body (others) together are the input. */
  readonly route?: `${HttpMethod} /${string}`
  readonly access: Access
  readonly input: I
  readonly output: O
  readonly fails?: readonly ErrorCode[]
  /** One sentence for the API documentation. */
  readonly summary?: string
  /** Milliseconds the call may take when the caller sets no tighter deadline (default 10,000). */
  readonly timeout?: number
}

interface CommandOptions<I extends TSchema, O extends TSchema> extends OperationOptions<I, O> {
  /** HTTP status of success: default 200, or 204 when the output is `Nothing`. */
  readonly status?: 200 | 201 | 202 | 204
  /**
   * `safe`: doing it twice is doing it once (PUT, DELETE by default) · `with-key`: an Idempotency-Key makes it so (POST by
   * default) · `key-required` · `never`. Only what may be repeated is ever retried.
   */
  readonly repeat?: Repeat
  /** The stored first answer holds secrets (tokens): it is kept encrypted with a key that only the same request yields. */
  readonly sealed?: boolean
}

export type Repeat = 'safe' | 'with-key' | 'key-required' | 'never'

export interface Operation<
  K extends 'query' | 'command' = 'query' | 'command',
  I extends TSchema = TSchema,
  O extends TSchema = TSchema,
> {
  readonly kind: K
  readonly route: { readonly method: HttpMethod; readonly path: string } | undefined
  readonly access: Access
  readonly input: I
  readonly output: O
  readonly fails: readonly ErrorCode[]
  readonly summary: string | undefined
  readonly timeout: number
  readonly status: number
  readonly repeat: Repeat
  readonly sealed: boolean
}

export interface EventType<D extends TSchema = TSchema> {
  readonly kind: 'event'
  readonly data: D
}

export type Operations = Readonly<Record<string, Operation>>
export type Events = Readonly<Record<string, EventType>>

export interface Contract<
  N extends string = string,
  O extends Operations = Operations,
  E extends Events = Events,
> {
  readonly name: N
  readonly operations: O
  readonly events: E
}

/** The input an operation takes and the output it gives, as TypeScript types. */
export type InputOf<T extends Operation> = Static<T['input']>
export type OutputOf<T extends Operation> = Static<T['output']>
/** What is in an event of this type. */
export type DataOf<T extends EventType> = Static<T['data']>

/** An operation that changes nothing: it may be repeated, hedged and answered from a cache. */
export function query<I extends TSchema, O extends TSchema>(
  options: OperationOptions<I, O>,
): Operation<'query', I, O> {
  return operation('query', options, 'safe', 200)
}

/** An operation that changes something. */
export function command<I extends TSchema, O extends TSchema>(
  options: CommandOptions<I, O>,
): Operation<'command', I, O> {
  const status = options.status ?? ((options.output as { type?: unknown }).type === 'null' ? 204 : 200)
  return operation('command', options, options.repeat ?? usualRepeat(options.route), status, options.sealed)
}

/** A past fact: ids and facts only, never personal text or secrets. */
export function event<D extends TSchema>(data: D): EventType<D> {
  return { kind: 'event', data }
}

/**
 * All that others see of a service: its operations and its events.
 * @example
 * export const posts = contract('posts', {
 *   get: query({ route: 'GET /api/v1/posts/:id', access: 'public', input: PostKey, output: Post, fails: [postNotFound] }),
 * }, { posted: event(Posted) })
 */
export function contract<N extends string, O extends Operations, E extends Events = Record<never, never>>(
  name: N,
  operations: O,
  events: E = {} as E,
): Contract<N, O, E> {
  for (const [key, each] of Object.entries(operations)) {
    if (!each.access) throw new Error(`${name}.${key} names no access: say who may call it`)
  }
  return { name, operations, events }
}

function operation<K extends 'query' | 'command', I extends TSchema, O extends TSchema>(
  kind: K,
  options: OperationOptions<I, O>,
  repeat: Repeat,
  status: number,
  sealed = false,
): Operation<K, I, O> {
  return {
    kind,
    route: parseRoute(options.route),
    access: options.access,
    input: options.input,
    output: options.output,
    fails: options.fails ?? [],
    summary: options.summary,
    timeout: options.timeout ?? 10_000,
    status,
    repeat,
    sealed,
  }
}

function usualRepeat(route: string | undefined): Repeat {
  if (route === undefined) return 'never'
  if (route.startsWith('POST')) return 'with-key'
  return route.startsWith('PATCH') ? 'never' : 'safe'
}

function parseRoute(route: string | undefined) {
  if (route === undefined) return undefined
  const space = route.indexOf(' ')
  return { method: route.slice(0, space) as HttpMethod, path: route.slice(space + 1) }
}
