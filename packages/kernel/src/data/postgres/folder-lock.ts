import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { giveToFolderOwner } from './run-as.ts'
import { FolderInUseError, fullDisk, StartError } from './start-error.ts'

/** A data folder that belongs to this process until it releases it or dies. */
export interface FolderLock {
  release(): Promise<void>
}

const lockFile = 'postgres.lock'
const holderFile = 'plaza.pid'
// A Plaza killed a moment ago may still be dying.
const patience = 1_000

/**
 * Makes `folder` this process's own. Throws a `StartError` that names the folder and the process that has it.
 *
 * The lock is SQLite's exclusive lock on an empty file: the one file lock that Node offers without an addon. The kernel
 * drops it when the process ends, however it ends, so there is no stale lock and no process id to mistrust.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const database = await lockWithin(folder, Date.now() + patience)
  held.add(database)
  await giveToFolderOwner(join(folder, lockFile))
  // Only for the message to the next one; nobody decides by it.
  const holder = join(folder, holderFile)
  await rm(holder, { force: true })
    .then(() => writeFile(holder, `${process.pid}\n`, { flag: 'wx', mode: 0o600 }))
    .catch(() => {})
  return {
    release: async () => {
      if (!held.delete(database)) return
      await rm(holder, { force: true }).catch(() => {})
      database.close()
    },
  }
}

// The lock ends when the database is garbage, so it must not become that.
const held = new Set<DatabaseSync>()

async function lockWithin(folder: string, deadline: number): Promise<DatabaseSync> {
  for (;;) {
    const locked = tryLock(folder)
    if (locked !== 'taken') return locked
    if (Date.now() > deadline) throw await takenBy(folder)
    await sleep(50)
  }
}

function tryLock(folder: string): DatabaseSync | 'taken' {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(folder, lockFile), { timeout: 0 })
    database.exec('pragma journal_mode = memory; begin exclusive')
    return database
  } catch (error) {
    if (database?.isOpen) database.close()
    const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff
    if (code === sqlite.busy || code === sqlite.locked) return 'taken'
    throw explain(error as Error, code, folder)
  }
}

const sqlite = { busy: 5, locked: 6, readonly: 8, ioError: 10, full: 13, cannotOpen: 14, notADatabase: 26 }

async function takenBy(folder: string): Promise<StartError> {
  const pid = (await readFile(join(folder, holderFile), 'utf8').catch(() => '')).trim()
  const who =
    pid === String(process.pid) ? 'this process already' : `another Plaza (process ${pid || 'unknown'})`
  return new FolderInUseError(
    `The data folder ${folder} is in use by ${who}. Stop that one first, or set PLAZA_DATA to another folder.`,
  )
}

function explain(error: Error, code: number, folder: string): Error {
  const path = join(folder, lockFile)
  if (code === sqlite.full) return fullDisk(folder)
  if (code === sqlite.cannotOpen || code === sqlite.readonly)
    return new StartError(
      `${path} cannot be written by this user (uid ${process.getuid?.()}). ` +
        'Give the folder to this user (chown -R), start Plaza as its owner, or set PLAZA_DATA to another folder.',
      { cause: error },
    )
  if (code === sqlite.notADatabase)
    return new StartError(`${path} is not a lock of Plaza. Delete the file.`, { cause: error })
  return new StartError(
    `${path} cannot be locked (${error.message}). PLAZA_DATA must be a folder on a local disk.`,
    { cause: error },
  )
}
