import fastJson from 'fast-json-stringify'
import type { TSchema } from 'typebox'

type TextOf = (value: unknown) => string

/**
 * Serialises a page, or what else has lists and cursors (a thread), thing by thing. A frozen thing is one that many pages share, so its text is
 * kept as long as it lives: a page of posts that were shown before costs a concatenation.
 */
export function pageSerializer(output: TSchema): (page: unknown) => string {
  const kinds = new Map<TSchema, TextOf>()
  const keptTextOf = (schema: TSchema) => {
    const textOf = kinds.get(schema) ?? keeping(fastJson(schema as fastJson.Schema))
    kinds.set(schema, textOf)
    return textOf
  }
  const { properties } = output as unknown as PageSchema
  const textOfKind = (name: string, schema: Kind): TextOf => {
    if (name.endsWith('Cursor')) return JSON.stringify
    if (schema.items) return listOf(keptTextOf(schema.items))
    return schema.type === 'object' ? keptTextOf(schema) : fastJson(schema as fastJson.Schema)
  }
  const parts = Object.entries(properties).map(([name, schema]) => {
    return { name, key: `${JSON.stringify(name)}:`, textOf: textOfKind(name, schema) }
  })
  return page => {
    let text = ''
    for (const { name, key, textOf } of parts) {
      const value = (page as Record<string, unknown>)[name]
      if (value !== undefined) text += `${text === '' ? '{' : ','}${key}${textOf(value)}`
    }
    return `${text}}`
  }
}

const listOf =
  (textOf: TextOf): TextOf =>
  list =>
    `[${(list as readonly unknown[]).map(textOf).join(',')}]`

function keeping(serialize: TextOf): TextOf {
  const kept = new WeakMap<object, string>()
  return item => {
    if (typeof item !== 'object' || item === null || !Object.isFrozen(item)) return serialize(item)
    let text = kept.get(item)
    if (text === undefined) {
      text = flat(serialize(item))
      kept.set(item, text)
    }
    return text
  }
}

// What was put together piece by piece is a tree in V8, and would be walked again for each page: half of a page's time (measured).
function flat(text: string): string {
  return Buffer.from(text).toString()
}

type Kind = TSchema & { readonly type?: string; readonly items?: TSchema }

interface PageSchema {
  readonly properties: Readonly<Record<string, Kind>>
}
