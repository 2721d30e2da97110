import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, rm, stat, truncate } from 'node:fs/promises'
import { giveToFolderOwner } from './run-as.ts'

export const logFile = 'postgres.log'
const largest = 8_000_000
const checkEvery = 30_000

/** The server's own log: appended to by the server, through Plaza's death and after. */
export async function openServerLog(path: string): Promise<FileHandle> {
  const { O_CREAT, O_APPEND, O_RDWR, O_NOFOLLOW } = constants
  const log = await open(path, O_CREAT | O_APPEND | O_RDWR | O_NOFOLLOW, 0o600)
  await giveToFolderOwner(path)
  return log
}

/** Keeps the log below twice 8 MB: what is older goes to `<path>.1`. Stop it by calling the answer. */
export function boundServerLog(path: string): () => void {
  let stopped = false
  let timer: NodeJS.Timeout
  const check = async () => {
    await shorten(path).catch(() => {}) // a full disk must not stop Plaza; the next check tries again
    if (!stopped) timer = setTimeout(check, checkEvery).unref()
  }
  timer = setTimeout(check, 0).unref()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

// A running server keeps the file open, so it is copied and emptied rather than renamed.
async function shorten(path: string): Promise<void> {
  if ((await stat(path)).size < largest) return
  await rm(`${path}.1`, { force: true })
  await copyFile(path, `${path}.1`, constants.COPYFILE_EXCL)
  await truncate(path)
}

/** The last lines that were written after `from` (a size in bytes). */
export async function lastLines(log: FileHandle, from: number, count = 8): Promise<string> {
  const { size } = await log.stat()
  const start = Math.max(from, size - 8_192)
  if (start >= size) return '' // nothing was written, or it was emptied meanwhile
  const { buffer, bytesRead } = await log.read(Buffer.alloc(size - start), { position: start })
  return buffer.toString('utf8', 0, bytesRead).trim().split('\n').slice(-count).join('\n')
}
