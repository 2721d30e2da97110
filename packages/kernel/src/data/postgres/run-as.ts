import { readFileSync, statSync } from 'node:fs'
import { lchown } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StartError } from './start-error.ts'

/** The user PostgreSQL runs as when Plaza is root: PostgreSQL refuses to be root. */
export interface RunAs {
  readonly uid: number
  readonly gid: number
}

/**
 * Undefined when Plaza is not root: then PostgreSQL runs as Plaza does. For root it is the owner of the data, or of the
 * folder around it; else `postgres`; else `nobody`. A new cluster needs a user with a name, so these are looked up.
 */
export function chooseRunAs(folder: string, cluster: string): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined
  const data = statSync(cluster, { throwIfNoEntry: false })
  if (data !== undefined && data.uid !== 0) return { uid: data.uid, gid: data.gid }
  const users = parseUsers(readFileSync('/etc/passwd', 'utf8'))
  const { uid } = statSync(folder)
  const found =
    users.find(user => user.uid === uid) ??
    users.find(user => user.name === 'postgres') ??
    users.find(user => user.name === 'nobody')
  if (found) return { uid: found.uid, gid: found.gid }
  throw new StartError(
    'Plaza runs as root, PostgreSQL refuses to, and this machine has neither a user "postgres" nor "nobody" to run it as. ' +
      'Start Plaza as another user, or set DATABASE_URL to a PostgreSQL of your own.',
  )
}

/** Everybody in the text of /etc/passwd but root. */
function parseUsers(passwd: string) {
  return passwd
    .split('\n')
    .map(line => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(user => user.uid > 0 && Number.isInteger(user.gid))
}

/** What root makes in somebody's data folder becomes theirs, so that they can start Plaza after root did. */
export async function giveToFolderOwner(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(dirname(path))
  await lchown(path, uid, gid) // by name: closing a second handle of a locked file would drop the lock
}

/** Whether `user` may enter every folder down to and including `folder` (an absolute path without symbolic links). */
export function canEnter(folder: string, user: RunAs): boolean {
  const { uid, gid, mode } = statSync(folder)
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
  if ((mode & bit) === 0) return false
  const parent = dirname(folder)
  return parent === folder || canEnter(parent, user)
}
