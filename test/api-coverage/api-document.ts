import { readFile } from 'node:fs/promises'

/** What API.md promises, piece by piece. */
export interface ApiDocument {
  /** The first cell of each row of its tables. */
  readonly rows: readonly string[]
  readonly text: string
}

export async function readApiDocument(): Promise<ApiDocument> {
  const text = await readFile(new URL('../../docs/API.md', import.meta.url), 'utf8')
  const rows = text
    .split('\n')
    .filter(line => line.startsWith('| ') && !/^\|[\s|-]*$/.test(line))
    .map(firstCell)
  return { rows, text }
}

// A bar inside code is written `\|`.
function firstCell(line: string): string {
  return line.split(/(?<!\\)\|/)[1]!.trim()
}
