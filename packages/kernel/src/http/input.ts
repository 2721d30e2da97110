import { escapePointer } from '../contract/explain.ts'
import {
  type InputProblem,
  invalidRequest,
  type Operation,
  routeNotFound,
  type TSchema,
} from '../contract/index.ts'
import type { QueryString } from './query-string.ts'

/** Makes an operation's one input object from a request's parts. */
export type InputReader = (
  params: Readonly<Record<string, string>>,
  query: QueryString,
  body: unknown,
) => unknown

type Coerce = (text: string) => unknown

/** A query parameter or path parameter: where it goes in the input, and how its text is read. */
interface Place {
  /** `price[gte]` goes to `{ price: { gte } }`. */
  readonly outer: string | undefined
  readonly name: string
  readonly coerce: Coerce
  readonly isList: boolean
}

/** The input property that holds the version of `If-Match`; never taken from path, query or body. */
export const versionProperty = 'ifVersion'

/**
 * Compiles how an operation's input is read. Path parameters join the query string (GET, DELETE) or the JSON body (others). Text is
 * coerced by schema where it is what the schema wants, else left for the operation's check to refuse. Throws `invalid-input` for what only
 * this place can see: repeated parameters, and a name given in the wrong part.
 */
export function inputReader(operation: Operation): InputReader {
  const { method, path } = operation.route!
  const places = placesOf(operation.input)
  const names = pathNames(path)
  const hasBody = method !== 'GET' && method !== 'DELETE'
  const fromPath = names.map(name => places.get(name) ?? plain(name))
  for (const name of [versionProperty, ...names]) places.delete(name)
  return (params, query, body) => {
    for (const { name } of fromPath) {
      if (params[name] === '')
        throw routeNotFound('There is nothing at this address; /docs says what there is.')
    }
    if (query.malformed !== undefined) throw malformed(query.malformed)
    const input = hasBody ? bodyInput(body, names, query) : queryInput(places, query, body)
    if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
    for (const { name, coerce } of fromPath) (input as Record<string, unknown>)[name] = coerce(params[name]!)
    return input
  }
}

/** The parameters of a route's path, in order. */
export function pathNames(path: string): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(found => found[1]!)
}

function bodyInput(body: unknown, pathParams: readonly string[], query: QueryString): unknown {
  const problems = unknownParameters(query)
  if (typeof body === 'object' && body !== null) {
    for (const name of pathParams) {
      if (Object.hasOwn(body, name)) problems.push({ pointer: `/${name}`, detail: 'belongs in the path' })
    }
    if (Object.hasOwn(body, versionProperty)) {
      problems.push({
        pointer: `/${versionProperty}`,
        detail: 'is the If-Match header, not part of the body',
      })
    }
  }
  if (problems.length > 0) throw invalidRequest(problems)
  return body === undefined ? {} : body
}

function queryInput(places: ReadonlyMap<string, Place>, query: QueryString, body: unknown): unknown {
  const input: Record<string, unknown> = {}
  if (body !== undefined) throw invalidRequest([{ pointer: '', detail: 'takes no body' }])
  const { pairs } = query
  const problems: InputProblem[] = []
  for (let i = 0; i < pairs.length; i += 2) {
    const given = pairs[i]!
    const place = places.get(given)
    if (place === undefined) problems.push(unknownParameter(given, [...places.keys()]))
    else if (!put(input, place, pairs[i + 1]!))
      problems.push({ pointer: `/${escapePointer(given)}`, detail: 'is given more than once' })
  }
  if (problems.length > 0) throw invalidRequest(problems.slice(0, 50))
  return input
}

/** Puts a value where it belongs; false when there is one already and the place takes one only. */
function put(input: Record<string, unknown>, { outer, name, coerce, isList }: Place, text: string): boolean {
  let target = input
  if (outer !== undefined) {
    input[outer] ??= {}
    target = input[outer] as Record<string, unknown>
  }
  if (isList) {
    target[name] ??= []
    ;(target[name] as unknown[]).push(coerce(text))
    return true
  }
  if (Object.hasOwn(target, name)) return false
  target[name] = coerce(text)
  return true
}

function unknownParameters(query: QueryString): InputProblem[] {
  return query.pairs.filter((_, i) => i % 2 === 0).map(name => unknownParameter(name, []))
}

function unknownParameter(name: string, known: readonly string[]): InputProblem {
  const hint = known.length > 0 && known.length <= 20 ? `; known: ${known.join(', ')}` : ''
  return {
    pointer: `/${escapePointer(name.slice(0, 100).toWellFormed())}`,
    detail: `is not a parameter here${hint}`,
  }
}

function malformed(part: string) {
  return invalidRequest([
    { pointer: '', detail: `has a query string that is not percent-encoded UTF-8: ${part.slice(0, 100)}` },
  ])
}

interface Shape {
  readonly type?: string | readonly string[]
  readonly anyOf?: readonly Shape[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Shape>>
  readonly items?: Shape
}

function placesOf(input: TSchema): Map<string, Place> {
  const places = new Map<string, Place>()
  for (const [name, shape] of Object.entries((input as Shape).properties ?? {})) {
    if (shape.properties === undefined) places.set(name, placeOf(undefined, name, shape))
    else {
      for (const [inner, each] of Object.entries(shape.properties))
        places.set(`${name}[${inner}]`, placeOf(name, inner, each))
    }
  }
  return places
}

function placeOf(outer: string | undefined, name: string, shape: Shape): Place {
  const isList = shape.type === 'array'
  return { outer, name, coerce: coercionOf((isList ? shape.items : shape) ?? {}), isList }
}

const plain = (name: string): Place => ({ outer: undefined, name, coerce: text => text, isList: false })

function coercionOf(shape: Shape): Coerce {
  const types = [shape.type ?? shape.anyOf?.map(each => each.type)].flat(2)
  if (types.includes('integer')) return text => (/^-?\d{1,15}$/.test(text) ? Number(text) : text)
  if (types.includes('number')) return text => (/^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text)
  if (types.includes('boolean')) return text => (text === 'true' ? true : text === 'false' ? false : text)
  return text => text
}
