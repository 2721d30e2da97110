import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../config/index.ts'

/**
 * `PLAZA_SECRET`, or what stands in `<PLAZA_DATA>/secret`, made on first start. All processes of one Plaza must have the same one.
 * Throws a `ConfigError` when the file holds something else.
 */
export async function loadSecret(config: {
  secret: string | undefined
  dataFolder: string
}): Promise<string> {
  if (config.secret !== undefined) return config.secret
  const path = join(config.dataFolder, 'secret')
  return (await readSecret(path)) ?? makeSecret(config.dataFolder, path)
}

async function readSecret(path: string): Promise<string | undefined> {
  try {
    const secret = (await readFile(path, 'utf8')).trim()
    if (secret.length >= 32) return secret
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  throw new ConfigError(
    `${path} holds no secret: put the one this data was made with there, or in PLAZA_SECRET. Without it nobody stays logged in.`,
  )
}

/** Written whole under another name, then linked: whoever sees the file sees all of it, and of two that start at once one wins. */
async function makeSecret(folder: string, path: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(`${randomBytes(32).toString('base64url')}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(draft, path).catch(ignoreExisting)
    await syncFolder(folder)
  } finally {
    await rm(draft, { force: true })
  }
  return (await readSecret(path))!
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

/** The name, too, must survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
