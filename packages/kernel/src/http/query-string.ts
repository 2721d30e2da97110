/** A query string, taken apart but not yet understood: names and values alternate, in the order they came. */
export interface QueryString {
  readonly pairs: readonly string[]
  /** The first part that is not percent-encoded UTF-8. */
  readonly malformed: string | undefined
}

const empty: QueryString = { pairs: [], malformed: undefined }

/** Takes a query string (without its `?`) apart, as HTML forms write it. */
export function parseQueryString(text: string): QueryString {
  if (text === '') return empty
  const pairs: string[] = []
  let malformed: string | undefined
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decode(equals < 0 ? part : part.slice(0, equals))
    const value = decode(equals < 0 ? '' : part.slice(equals + 1))
    if (name === undefined || value === undefined) malformed ??= part
    else pairs.push(name, value)
  }
  return { pairs, malformed }
}

function decode(part: string): string | undefined {
  const text = part.includes('+') ? part.replaceAll('+', ' ') : part
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
