import type { TSchema } from 'typebox'
import { Check } from 'typebox/value'
import type { InputProblem } from './app-error.ts'

/** Problems named in one answer; further ones are left out. */
export const maxProblems = 50
/** Entries of one list that are looked at: a body of a megabyte holds half a million. */
const maxVisited = 1_000

/**
 * What the schema refuses in `value`, as sentences for people; empty when it refuses nothing, or nothing in the first thousand entries
 * of each list.
 */
export function explain(schema: TSchema, value: unknown): InputProblem[] {
  const problems: InputProblem[] = []
  visit(schema as Shape, value, '', problems)
  return problems
}

/** A name as it stands in a JSON Pointer (RFC 6901). */
export function escapePointer(name: string): string {
  return name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name
}

interface Shape {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Shape[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Shape
  readonly items?: Shape
  readonly pattern?: string
  readonly format?: string
  readonly description?: string
  /** Ours: what text of a pattern is, to follow "must be", as in `3 to 30 letters`. */
  readonly says?: string
  readonly [bound: string]: unknown
}

// Scalars are checked as they are; lists and objects through what is in them, and then for their own bounds.
function visit(shape: Shape, value: unknown, pointer: string, problems: InputProblem[]): void {
  if (problems.length >= maxProblems) return
  const before = problems.length
  const near = isPlainObject(value) ? nearest(shape, value) : shape
  const isKnownList = Array.isArray(value) && near.items !== undefined
  const isKnownObject = isPlainObject(value) && near.properties !== undefined
  if (isKnownList) visitList(near, value, pointer, problems)
  if (isKnownObject) visitObject(near, value, pointer, problems)
  if (problems.length > before) return
  const own = isKnownList || isKnownObject ? withoutInside(near) : shape
  if (!Check(own as TSchema, value)) problems.push({ pointer, detail: sentence(shape, value, pointer) })
}

function withoutInside({ items, properties, required, additionalProperties, ...own }: Shape): Shape {
  return own
}

function visitList(shape: Shape, value: unknown[], pointer: string, problems: InputProblem[]): void {
  if (shape.items === undefined || !fits(value.length, shape.minItems, shape.maxItems)) return
  for (const [i, each] of value.slice(0, maxVisited).entries()) {
    visit(shape.items, each, `${pointer}/${i}`, problems)
    if (problems.length >= maxProblems) return
  }
}

function visitObject(
  shape: Shape,
  value: Record<string, unknown>,
  pointer: string,
  problems: InputProblem[],
): void {
  const known = shape.properties
  if (known === undefined) return
  const add = (name: string, detail: string) => {
    if (problems.length < maxProblems) problems.push({ pointer: `${pointer}/${escapePointer(name)}`, detail })
  }
  for (const name of shape.required ?? []) {
    if (!Object.hasOwn(value, name)) add(name, `is required: ${describe(known[name] ?? {})}`)
  }
  for (const [name, each] of Object.entries(value)) {
    const schema = Object.hasOwn(known, name) ? known[name] : shape.additionalProperties
    if (schema === false) add(name, `is not known here${knownNames(known)}`)
    else if (typeof schema === 'object' && each !== undefined)
      visit(schema, each, `${pointer}/${escapePointer(name)}`, problems)
    if (problems.length >= maxProblems) return
  }
}

/** The alternative of a union that the value comes nearest to. */
function nearest(shape: Shape, value: object): Shape {
  if (!shape.anyOf) return shape
  const counted = shape.anyOf
    .filter(each => each.properties !== undefined)
    .map(each => ({ each, count: explain(each as TSchema, value).length }))
  return counted.sort((a, b) => a.count - b.count)[0]?.each ?? shape
}

function sentence(shape: Shape, value: unknown, pointer: string): string {
  const wanted = `must be ${describe(shape)}`
  if (/(password|token|secret|ticket|code)$/i.test(pointer)) return wanted
  return `${wanted}, not ${show(value)}`
}

function knownNames(known: Readonly<Record<string, Shape>>): string {
  const names = Object.keys(known)
  if (names.length === 0) return ''
  return names.length > 20 ? '' : `; known: ${names.join(', ')}`
}

/** What a schema allows, to follow "must be". */
function describe(shape: Shape): string {
  if (shape.says !== undefined) return shape.says
  const { type, enum: values, anyOf } = shape
  if ('const' in shape) return JSON.stringify(shape.const)
  if (values) return `one of ${values.map(each => JSON.stringify(each)).join(', ')}`
  if (anyOf?.every(each => 'const' in each)) return `one of ${anyOf.map(describe).join(', ')}`
  if (anyOf) return [...new Set(anyOf.map(describe))].join(' or ')
  if (Array.isArray(type)) return type.map(each => describe({ ...shape, type: each })).join(' or ')
  return describeType(shape)
}

function describeType(shape: Shape): string {
  switch (shape.type) {
    case 'string':
      return describeText(shape)
    case 'integer':
      return `a whole number${range(shape.minimum, shape.maximum)}`
    case 'number':
      return `a number${range(shape.minimum, shape.maximum)}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return `a list${range(shape.minItems, shape.maxItems, 'of', 'entries')}`
    case 'object':
      return 'an object'
    case 'null':
      return 'null'
    default:
      return shape.description ?? 'something else'
  }
}

function describeText({ pattern, format, minLength, maxLength }: Shape): string {
  const kind = pattern?.match(/^\^([a-z]+)_\[0-7\]/)?.[1]
  if (kind) return `an id such as ${kind}_01h455vb4pex5vsknk084sn02q`
  if (format === 'date-time') return 'a time such as 2026-01-31T12:00:00Z'
  if (format === 'email') return 'an e-mail address'
  if (format) return `text of the format ${format}`
  const text = `text${range(minLength, maxLength, 'of', 'characters')}`
  return pattern ? `${text} that matches ${pattern}` : text
}

function range(min: unknown, max: unknown, word = 'from', unit = ''): string {
  const number = (value: unknown) => Number(value).toLocaleString('en')
  const end =
    unit && ` ${min === 1 && max === undefined ? unit.replace(/ies$/, 'y').replace(/s$/, '') : unit}`
  const of = word === 'of' ? ' of' : ''
  if (min !== undefined && max !== undefined)
    return min === max ? ` ${word} ${number(min)}${end}` : ` ${word} ${number(min)} to ${number(max)}${end}`
  if (min !== undefined) return `${of} at least ${number(min)}${end}`
  return max === undefined ? '' : `${of} at most ${number(max)}${end}`
}

function fits(length: number, min: unknown, max: unknown): boolean {
  return (min === undefined || length >= Number(min)) && (max === undefined || length <= Number(max))
}

function show(value: unknown): string {
  if (typeof value === 'string')
    return value.length <= 60 ? JSON.stringify(value) : `${[...value].length.toLocaleString('en')} characters`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value === undefined) return 'nothing'
  return isPlainObject(value) ? 'an object' : String(value)
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
