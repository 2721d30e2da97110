import type { RunAs } from './run-as.ts'
import { StartError } from './start-error.ts'

/**
 * What a server is to be told as its data folder. Root's server starts *in* the folder and is told "where you are",
 * because its user may not be allowed to walk there (/root is root's alone); libuv enters the folder before it gives up root.
 */
export function folderForServer(cluster: string, runAs?: RunAs): string {
  if (runAs === undefined) return cluster
  if (process.platform === 'linux') return '/proc/self/cwd'
  return cluster
}

/** The surroundings of a server process: nothing of Plaza's own environment, which holds secrets. */
export function serverProcess(cluster: string, runAs?: RunAs) {
  return { cwd: cluster, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }, ...runAs }
}

export function cannotRun(program: string, error: Error): StartError {
  return new StartError(
    `${program} cannot be run here: ${error.message}. Set DATABASE_URL to a PostgreSQL (15 or newer) of your own.`,
    { cause: error },
  )
}
