import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'

export interface Migration {
  /** `0001-posts.sql`; the kernel's own are `kernel/0001-events.sql`. */
  readonly name: string
  readonly sql: string
  /** SHA-256 of the text, hex; line ends do not count, a checkout may change them. */
  readonly checksum: string
}

/** What a schema says was applied to it. */
export interface Applied {
  readonly name: string
  readonly checksum: string
}

/** The `NNNN-name.sql` files of a folder in order. Throws on another `.sql` name and on a number given twice. */
export async function readMigrations(folder: URL, prefix = ''): Promise<Migration[]> {
  const files = (await readdir(folder).catch(noFolder(folder))).filter(file => file.endsWith('.sql')).sort()
  files.forEach((file, i) => {
    if (!/^\d{4}-[a-z0-9-]+\.sql$/.test(file))
      throw new Error(`${folder.pathname}${file}: a migration is named like 0001-posts.sql`)
    if (file.slice(0, 4) === files[i - 1]?.slice(0, 4))
      throw new Error(`${files[i - 1]} and ${file} have one number: give the later one the next`)
  })
  return Promise.all(
    files.map(async file => {
      const sql = (await readFile(new URL(file, folder), 'utf8')).replaceAll('\r\n', '\n')
      return { name: prefix + file, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/**
 * What is still to be applied: the files after the last applied one. Applied names after the last file belong to a newer Plaza and are
 * let be, so that old and new run beside each other. Throws on a changed file, a missing one, and one that came late in the order.
 */
export function pendingMigrations(
  schema: string,
  files: readonly Migration[],
  applied: readonly Applied[],
): Migration[] {
  const checksums = new Map(applied.map(each => [each.name, each.checksum]))
  const known = new Set(files.map(each => each.name))
  const lastFile = files.at(-1)?.name ?? ''
  const lost = applied.find(each => !known.has(each.name) && each.name < lastFile)
  if (lost !== undefined)
    throw new Error(`${schema}: the database has had ${lost.name}, which is no longer there. Put it back.`)
  const lastApplied = files.findLastIndex(each => checksums.has(each.name))
  files.slice(0, lastApplied + 1).forEach(file => {
    const checksum = checksums.get(file.name)
    if (checksum === undefined)
      throw new Error(
        `${schema}: ${file.name} comes before ${files[lastApplied]?.name}, which is applied. Give it the next number.`,
      )
    if (checksum !== file.checksum)
      throw new Error(
        `${schema}: ${file.name} was changed after it was applied. Undo that and add a new file.`,
      )
  })
  return files.slice(lastApplied + 1)
}

// The kernel may have no migrations; a service that names a folder must have it.
function noFolder(folder: URL) {
  return (error: NodeJS.ErrnoException): string[] => {
    throw new Error(`There is no folder of migrations at ${folder.pathname}`, { cause: error })
  }
}
