import { gunzipSync } from 'node:zlib'
import type { Client } from 'pg'

/** Where a text stands that should stand nowhere. */
export interface FoundText {
  readonly text: string
  /** `posts.post_edits`. */
  readonly table: string
  readonly column: string
  /** What the column holds, as far as it is worth showing. */
  readonly value: string
}

/**
 * Looks for texts in every row of every table of every schema that is not the server's own, whatever they are hidden in: JSON, arrays, search
 * vectors, bytes (plain, in hex and base64, or compressed with gzip). Case does not matter. What is encrypted cannot be looked into.
 * @example
 * assert.deepEqual(await findText(owner, ['ana@example.com', 'a bio nobody else has']), [])
 */
export async function findText(owner: Client, texts: readonly string[]): Promise<FoundText[]> {
  const found: FoundText[] = []
  for (const { schema, name } of await tablesOf(owner)) {
    const table = `${owner.escapeIdentifier(schema)}.${owner.escapeIdentifier(name)}`
    const { rows } = await owner.query<Record<string, unknown>>(`select * from only ${table}`)
    for (const row of rows)
      for (const [column, value] of Object.entries(row))
        for (const text of textsIn(value, texts))
          found.push({ text, table: `${schema}.${name}`, column, value: readable(value).slice(0, 200) })
  }
  return found
}

/** Which of the texts a value of a column has in it. */
export function textsIn(value: unknown, texts: readonly string[]): string[] {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return []
  const shapes = readings(value).map(each => each.toLowerCase())
  return texts.filter(text => {
    const sought = text.toLowerCase()
    const inJson = JSON.stringify(sought).slice(1, -1)
    return shapes.some(each => each.includes(sought) || each.includes(inJson))
  })
}

async function tablesOf(owner: Client): Promise<{ schema: string; name: string }[]> {
  const { rows } = await owner.query<{ schema: string; name: string }>(
    `select nspname as schema, relname as name
     from pg_class
     join pg_namespace on pg_namespace.oid = relnamespace
     where relkind in ('r', 'm') and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
     order by nspname, relname`,
  )
  return rows
}

/** All that a value may be read as. */
function readings(value: unknown): string[] {
  if (!Buffer.isBuffer(value)) {
    const text = readable(value)
    return [text, ...encodedIn(text)]
  }
  const plain = value.toString('utf8')
  const bytes = [plain, value.toString('utf16le'), ...encodedIn(plain)]
  // Also behind a byte or more that say what follows.
  for (let at = value.indexOf(gzipMagic); at !== -1; at = value.indexOf(gzipMagic, at + 1))
    bytes.push(unzipped(value.subarray(at)))
  return bytes
}

const gzipMagic = Buffer.of(0x1f, 0x8b, 0x08)

function unzipped(bytes: Buffer): string {
  try {
    return gunzipSync(bytes).toString('utf8')
  } catch {
    return ''
  }
}

function encodedIn(text: string): string[] {
  const hex = [...text.matchAll(/[0-9a-f]{16,}/gi)].map(([run]) => Buffer.from(run, 'hex').toString('utf8'))
  const base64 = [...text.matchAll(/[\w+/-]{16,}/g)].map(([run]) =>
    Buffer.from(run, 'base64').toString('utf8'),
  )
  return [...hex, ...base64]
}

function readable(value: unknown): string {
  if (typeof value === 'string') return value
  if (Buffer.isBuffer(value)) return value.toString('utf8')
  return JSON.stringify(value) ?? ''
}
