import { randomUUID } from 'node:crypto'
import { chown, lchown, mkdir, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { initdb } from './initdb.ts'
import type { RunAs } from './run-as.ts'
import { type Secrets, syncFolder, writeSecrets } from './secrets.ts'
import { explainFileError, fullDisk, StartError } from './start-error.ts'

// initdb writes 40 MB; the database `plaza` and its first log follow.
const neededBytes = 64_000_000

/** Whether `cluster` holds data this PostgreSQL can open. Throws a `StartError` when it holds anything else. */
export async function hasCluster(cluster: string, major: string): Promise<boolean> {
  const files: string[] = await readdir(cluster).catch(error => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (files.length === 0) return false
  if (!files.includes('PG_VERSION'))
    throw new StartError(
      `${cluster} has files in it, but no PostgreSQL data (PG_VERSION is missing). Move it away, or set PLAZA_DATA to another folder.`,
    )
  const version = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  if (version === major) return true
  throw new StartError(
    `The data in ${cluster} was written by PostgreSQL ${version}, and this Plaza brings PostgreSQL ${major}, which cannot open it. ` +
      `Either run the Plaza that wrote it; or start a PostgreSQL ${version} on the folder and give its address as DATABASE_URL, ` +
      'or move its content over with pg_dump; or set PLAZA_DATA to another folder to begin anew.',
  )
}

/** Makes the data folder. It appears whole or not at all: a start that dies halfway leaves nothing that looks like data. */
export async function createCluster(
  folder: string,
  cluster: string,
  binaries: Binaries,
  secrets: Secrets,
  runAs?: RunAs,
): Promise<void> {
  const free = await freeBytes(folder)
  if (free < neededBytes) throw fullDisk(folder, free)
  await removeUnfinished(folder)
  const unfinished = join(folder, `${unfinishedPrefix}${randomUUID()}`)
  await mkdir(unfinished, { mode: 0o700 })
  try {
    if (runAs) await chown(unfinished, runAs.uid, runAs.gid)
    await initdb(unfinished, binaries.initdb, secrets.superuserPassword, runAs)
    await writeSecrets(unfinished, secrets, runAs)
    await rename(unfinished, cluster)
    await syncFolder(folder)
  } catch (error) {
    await removeUnfinished(folder)
    throw explainFileError(error, folder)
  }
}

/** Data that root copied here is root's; the user PostgreSQL runs as must own it. The folder itself comes last, as the sign of completion. */
export async function giveTo(cluster: string, runAs: RunAs): Promise<void> {
  if ((await stat(cluster)).uid === runAs.uid) return
  for (const entry of await readdir(cluster, { recursive: true }))
    await lchown(join(cluster, entry), runAs.uid, runAs.gid)
  await chown(cluster, runAs.uid, runAs.gid)
}

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

const unfinishedPrefix = 'postgres.unfinished-'

async function removeUnfinished(folder: string): Promise<void> {
  const unfinished = (await readdir(folder)).filter(entry => entry.startsWith(unfinishedPrefix))
  // An initdb whose Plaza was killed may still be writing, hence the retries.
  for (const entry of unfinished)
    await rm(join(folder, entry), { recursive: true, force: true, maxRetries: 10 })
}
