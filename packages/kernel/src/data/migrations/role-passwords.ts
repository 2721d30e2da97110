import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deriveKey } from '../../security/sealing.ts'

/** Gives each role its password. `migrate` asks under its lock. */
export type RolePasswords = (roles: readonly string[]) => Promise<ReadonlyMap<string, string>>

/**
 * Passwords derived from `PLAZA_SECRET`, so that processes which share neither folder nor machine give a role the same one. What stands
 * in `<folder>/roles.json`, by role, goes before: passwords that were made there once, or that somebody gave.
 */
export function derivedPasswords(secret: string, folder: string): RolePasswords {
  return async roles => {
    const given = await readGiven(join(folder, 'roles.json'))
    return new Map(roles.map(role => [role, given.get(role) ?? derive(secret, role)]))
  }
}

const derive = (secret: string, role: string) =>
  deriveKey(secret, 'database role', role).toString('base64url')

async function readGiven(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw new Error(`The roles' passwords in ${path} cannot be read`, { cause: error })
  })
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>))
  } catch (error) {
    throw new Error(`${path} is damaged. Delete it: the roles get passwords derived from PLAZA_SECRET.`, {
      cause: error,
    })
  }
}
