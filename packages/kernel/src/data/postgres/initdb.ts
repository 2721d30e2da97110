import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunAs } from './run-as.ts'
import { cannotRun, folderForServer, serverProcess } from './server-process.ts'
import { fullDisk, StartError } from './start-error.ts'

/** Fills the empty folder `cluster` with a new database cluster, synced to disk, whose superuser is `postgres`. */
export async function initdb(
  cluster: string,
  program: string,
  password: string,
  runAs?: RunAs,
): Promise<void> {
  const passwordFile = await openPassword(cluster, password, runAs)
  try {
    const { code, errors } = await run(program, initdbFlags(cluster, runAs), cluster, passwordFile, runAs)
    if (code === 0) return
    if (/No space left on device|Disk quota exceeded/.test(errors)) throw fullDisk(cluster)
    throw new StartError(
      `PostgreSQL could not create its data folder ${cluster}:\n${errors}\n` +
        'If this machine cannot run it, set DATABASE_URL to a PostgreSQL (15 or newer) of your own.',
    )
  } finally {
    await passwordFile.close()
  }
}

// Collation and case are Unicode's and built in, the same on every machine; the C library is asked only what a letter is, in text search.
function initdbFlags(cluster: string, runAs?: RunAs): string[] {
  return [
    `--pgdata=${folderForServer(cluster, runAs)}`,
    '--username=postgres',
    '--pwfile=/dev/stdin',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    `--lc-ctype=${process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'}`,
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ]
}

// A file without a name: initdb reopens it as its standard input, and nobody else finds it.
async function openPassword(cluster: string, password: string, runAs?: RunAs): Promise<FileHandle> {
  const path = join(cluster, randomUUID())
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  if (runAs) await file.chown(runAs.uid, runAs.gid)
  await file.writeFile(`${password}\n`)
  return file
}

function run(program: string, flags: string[], cluster: string, stdin: FileHandle, runAs?: RunAs) {
  return new Promise<{ code: number | null; errors: string }>((resolve, reject) => {
    const stdio: ['ignore' | number, 'ignore', 'pipe'] = [stdin.fd, 'ignore', 'pipe']
    const child = spawn(program, flags, { ...serverProcess(cluster, runAs), stdio })
    let errors = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = (errors + chunk).slice(-2_000)
    })
    child.on('error', error => reject(cannotRun(program, error)))
    child.on('close', code => resolve({ code, errors: errors.trim() }))
  })
}
