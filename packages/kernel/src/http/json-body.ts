import { isUtf8 } from 'node:buffer'
import { invalidInput } from '../contract/index.ts'

/** Deeper than any contract: what travels on, and is written as JSON again, must not exhaust somebody's stack. */
const maxDepth = 64

/**
 * Parses a JSON body (RFC 8259); an empty one is `undefined`. Throws `invalid-input` that says where it stops being JSON, or that it is nested
 * too deep.
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw invalidInput('The body is not UTF-8.')
  const value = parsed(body.toString())
  if (isDeeper(value, maxDepth)) throw invalidInput(`The body is nested more than ${maxDepth} deep.`)
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalidInput(`The body is not JSON: ${placeOf((error as Error).message)}.`)
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const name in value) {
    if (isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true
  }
  return false
}

// V8's messages quote the body, which may hold a password: only the position is passed on.
function placeOf(message: string): string {
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return `look at position ${position}`
  return message.includes('end of JSON') ? 'it ends too early' : 'something in it is not allowed there'
}
