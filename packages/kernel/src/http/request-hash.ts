import { hash } from 'node:crypto'
import { invalidInput } from '../contract/index.ts'

const maxDepth = 64

/** SHA-256 (hex) of an operation and its input, the same for any order of properties. */
export function requestHash(operation: string, input: unknown): string {
  return hash('sha256', `${operation} ${canonical(input, 0)}`)
}

function canonical(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (depth === maxDepth) throw invalidInput(`The request is nested more than ${maxDepth} deep.`)
  if (Array.isArray(value)) return `[${value.map(each => canonical(each, depth + 1)).join()}]`
  const object = value as Record<string, unknown>
  const members = Object.keys(object)
    .sort()
    .map(name => `${JSON.stringify(name)}:${canonical(object[name], depth + 1)}`)
  return `{${members.join()}}`
}
