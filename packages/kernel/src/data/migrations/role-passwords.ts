import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** Gives each role its password. `migrate` asks under its lock, so two processes never make two. */
export type RolePasswords = (roles: readonly string[]) => Promise<ReadonlyMap<string, string>>

/** Passwords that are made on first use and kept in `<folder>/roles.json`, which nobody else may read. */
export function keptPasswords(folder: string): RolePasswords {
  const path = join(folder, 'roles.json')
  return async roles => {
    const kept = await readKept(path)
    const missing = roles.filter(role => !kept.has(role))
    for (const role of missing) kept.set(role, randomBytes(32).toString('base64url'))
    if (missing.length > 0) await keep(folder, path, kept)
    return kept
  }
}

async function readKept(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw new Error(`The roles' passwords in ${path} cannot be read`, { cause: error })
  })
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>))
  } catch (error) {
    throw new Error(`${path} is damaged. Delete it: the passwords are made anew.`, { cause: error })
  }
}

// Written beside and renamed: whoever dies in between leaves the old file whole.
async function keep(folder: string, path: string, passwords: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const beside = `${path}.${process.pid}`
  const file = await open(beside, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(Object.fromEntries(passwords), null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
}
