import fastJson from 'fast-json-stringify'
import type { TSchema } from 'typebox'

/**
 * Serialises pages item by item. A frozen item is one that many pages share, so its text is kept as long as it lives: a page of posts
 * that were shown before costs a concatenation.
 */
export function pageSerializer(output: TSchema): (page: unknown) => string {
  const { items } = (output as unknown as PageSchema).properties
  const serialize = fastJson(items.items as fastJson.Schema)
  const kept = new WeakMap<object, string>()
  const textOf = (item: unknown) => {
    if (typeof item !== 'object' || item === null || !Object.isFrozen(item)) return serialize(item)
    let text = kept.get(item)
    if (text === undefined) {
      text = flat(serialize(item))
      kept.set(item, text)
    }
    return text
  }
  return page => {
    const { items, nextCursor, prevCursor } = page as Page
    const texts = items.map(textOf).join(',')
    return `{"items":[${texts}],"nextCursor":${JSON.stringify(nextCursor)},"prevCursor":${JSON.stringify(prevCursor)}}`
  }
}

// What was put together piece by piece is a tree in V8, and would be walked again for each page: half of a page's time (measured).
function flat(text: string): string {
  return Buffer.from(text).toString()
}

interface PageSchema {
  readonly properties: { readonly items: { readonly items: TSchema } }
}

interface Page {
  readonly items: readonly unknown[]
  readonly nextCursor: string | null
  readonly prevCursor: string | null
}
