import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { InputProblem } from './app-error.ts'
import type { Operation } from './contract.ts'
import { escapePointer, explain, maxProblems } from './explain.ts'
import { invalidInput } from './kernel-errors.ts'

/** Levels of nesting in what a schema leaves open. */
const maxDepth = 32

/**
 * Compiles what an operation accepts. The function throws `invalid-input` that names every problem (at most 50), each with a JSON
 * Pointer. Beyond the schema it refuses, in any text, NUL (which PostgreSQL cannot store) and lone surrogates (which are not Unicode).
 * @example
 * const check = inputChecker(posts.operations.create)
 * check({ text: '' }) // throws: text must be text of 1 to 5,000 characters, not ""
 */
export function inputChecker(operation: Operation): (input: unknown) => void {
  const validator = Compile(operation.input)
  const isClean = compileCleanness(operation.input) ?? (() => true)
  return input => {
    if (validator.Check(input) && isClean(input)) return
    const problems = explain(operation.input, input)
    if (findUnclean(input, '', 0, problems) === 0) problems.push(farAway)
    throw invalidRequest(problems)
  }
}

/** Compiles what an operation may answer: the function throws a plain error, a bug in the service, when an answer is not that. */
export function outputChecker(operation: Operation): (output: unknown) => void {
  const validator = Compile(operation.output)
  return output => {
    if (validator.Check(output)) return
    const problems = explain(operation.output, output).map(({ pointer, detail }) => `${pointer} ${detail}`)
    throw new TypeError(`The answer is not what the contract says: ${problems.join('; ')}`)
  }
}

/** The `invalid-input` error that names these problems. */
export function invalidRequest(problems: readonly InputProblem[]) {
  const [first] = problems
  const message =
    problems.length === 1 && first
      ? `${first.pointer === '' ? 'The request' : first.pointer.slice(1)} ${first.detail}.`
      : `${problems.length} things are wrong with the request; see errors.`
  return invalidInput(message, { errors: problems })
}

const farAway: InputProblem = { pointer: '', detail: 'has a wrong entry far down in a long list' }

type Cleanness = (value: unknown) => boolean

interface Shape {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, TSchema>>
  readonly additionalProperties?: unknown
  readonly items?: TSchema
}

const idShape = /^\^[a-z]+_\[0-7\]\[0-9a-hjkmnp-tv-z\]\{25\}\$$/

/** A test for the places of a valid value that can hold free text, or undefined when there are none: ids and numbers cost nothing. */
function compileCleanness(schema: TSchema): Cleanness | undefined {
  const { type, pattern, format, properties, additionalProperties, items, ...rest } = schema as Shape
  const types = typeof type === 'string' ? [type] : (type ?? [])
  if ('const' in rest || rest.enum !== undefined) return undefined
  if (types.includes('object') && properties !== undefined && additionalProperties === false)
    return cleanProperties(properties)
  if (types.includes('array') && items !== undefined) {
    const isClean = compileCleanness(items)
    return isClean && (value => !Array.isArray(value) || value.every(isClean))
  }
  if (types.includes('string')) {
    const isPlain = format === 'date-time' || (pattern !== undefined && idShape.test(pattern))
    return isPlain ? undefined : isCleanText
  }
  const isScalar = types.length > 0 && types.every(each => /^(integer|number|boolean|null)$/.test(each))
  return isScalar ? undefined : value => findUnclean(value, '', 0, []) === 0
}

function cleanProperties(properties: Readonly<Record<string, TSchema>>): Cleanness | undefined {
  const checks = Object.entries(properties).flatMap(([key, schema]) => {
    const isClean = compileCleanness(schema)
    return isClean ? [{ key, isClean }] : []
  })
  if (checks.length === 0) return undefined
  return value => {
    if (typeof value !== 'object' || value === null) return true
    for (const { key, isClean } of checks) {
      if (!isClean((value as Record<string, unknown>)[key])) return false
    }
    return true
  }
}

const isCleanText: Cleanness = value =>
  typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0'))

/** Adds what is unclean anywhere in `value`; answers how many problems there are then. */
function findUnclean(value: unknown, pointer: string, depth: number, problems: InputProblem[]): number {
  if (problems.length >= maxProblems) return problems.length
  if (typeof value === 'string' && !isCleanText(value)) {
    const detail = value.includes('\0')
      ? 'must not contain NUL'
      : 'must be Unicode: half a surrogate pair is not'
    problems.push({ pointer, detail })
  }
  if (typeof value !== 'object' || value === null) return problems.length
  if (depth === maxDepth) return problems.push({ pointer, detail: `is nested more than ${maxDepth} deep` })
  for (const [key, each] of Object.entries(value)) {
    const at = `${pointer}/${escapePointer(key)}`
    if (!isCleanText(key)) problems.push({ pointer, detail: 'has a name that is not clean text' })
    if (reservedNames.has(key)) problems.push({ pointer: at, detail: 'has a name that is not allowed' })
    if (findUnclean(each, at, depth + 1, problems) >= maxProblems) break
  }
  return problems.length
}

// Names that mean something to JavaScript: copied carelessly, they change other objects.
const reservedNames = new Set(['__proto__', 'constructor', 'prototype'])
