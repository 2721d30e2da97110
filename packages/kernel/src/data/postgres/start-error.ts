/**
 * Why PostgreSQL could not be started, for the person at the terminal: what is wrong, with the value, and what to do.
 * It is thrown before there is a request to answer, so it is no `AppError`.
 */
export class StartError extends Error {
  override readonly name: string = 'StartError'
}

/** Another Plaza has the data folder. A command may visit its server instead: `ownerUrlOf`. */
export class FolderInUseError extends StartError {
  override readonly name = 'FolderInUseError'
}

export function isFolderInUse(error: unknown): boolean {
  return error instanceof Error && error.name === 'FolderInUseError'
}

/** Turns what the file system refused below `folder` into a `StartError`; every other error passes unchanged. */
export function explainFileError(error: unknown, folder: string): unknown {
  const { code, path } = error as NodeJS.ErrnoException
  const explain = code === undefined ? undefined : fileErrors[code]
  if (error instanceof StartError || explain === undefined) return error
  return new StartError(explain(path ?? folder, folder), { cause: error })
}

export function fullDisk(folder: string, freeBytes?: number): StartError {
  const free = freeBytes === undefined ? 'is full' : `has only ${Math.floor(freeBytes / 1e6)} MB free`
  return new StartError(
    `The disk that holds ${folder} ${free}, so PostgreSQL cannot start. ` +
      'Free some space there (the data is safe: the next start recovers it), or set PLAZA_DATA to a folder on another disk.',
  )
}

const denied = (path: string) =>
  `${path} cannot be read and written by this user (uid ${process.getuid?.()}). ` +
  'Give the folder to this user (chown -R), start Plaza as its owner, or set PLAZA_DATA to another folder.'

const noFolder = (path: string, folder: string) =>
  `${path} is in the way: Plaza keeps its data in ${folder}, and that must be a folder. Move the file away, or set PLAZA_DATA to another folder.`

const fileErrors: Readonly<Record<string, (path: string, folder: string) => string>> = {
  ENOSPC: (_, folder) => fullDisk(folder).message,
  EDQUOT: (_, folder) => fullDisk(folder).message,
  EACCES: denied,
  EPERM: denied,
  EROFS: path => `${path} is on a read-only file system. Set PLAZA_DATA to a folder that can be written.`,
  ENOTDIR: noFolder,
  EEXIST: noFolder,
}
