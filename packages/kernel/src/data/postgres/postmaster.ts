import { execFile } from 'node:child_process'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** What a server says of itself in `postmaster.pid`. */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number
  readonly status: 'starting' | 'stopping' | 'ready' | 'standby' | ''
}

/** Undefined when there is no such file, or it is not written yet. */
export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(error => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const lines = text.split('\n')
  const pid = Math.abs(Number(lines[0])) // a single-user server writes its pid negative
  if (!Number.isInteger(pid) || pid < 1) return undefined
  return { pid, port: Number(lines[3]), status: (lines[7]?.trim() ?? '') as PostmasterFile['status'] }
}

/**
 * The word in the title of every server process of this folder (PostgreSQL's `cluster_name` begins with it). It holds the
 * folder's inode, so a copy of the folder is another cluster, and can be read without any right over the process.
 */
export async function clusterMark(cluster: string): Promise<string> {
  const { dev, ino } = await stat(cluster, { bigint: true })
  return `plaza-${dev.toString(36)}-${ino.toString(36)}`
}

/**
 * Whose process `pid` is, as far as this folder is concerned. A process id alone says nothing: after a crash or a reboot it
 * may belong to anybody.
 */
export async function whose(
  pid: number,
  cluster: string,
  mark: string,
): Promise<'ours' | 'foreign' | 'nobody'> {
  const found = process.platform === 'linux' ? await inProc(pid) : await inPs(pid)
  if (found === undefined) return 'nobody'
  if (!found.isPostgres) return 'foreign'
  // The mark is followed by a dash or the title's end; without it, a server that was started by hand is known by where it runs.
  if (found.title.includes(`${mark}-`)) return 'ours'
  return (await runsIn(pid, cluster)) ? 'ours' : 'foreign'
}

/**
 * Waits until no process of a server whose postmaster died is left; they hold its shared memory, and no other server may
 * start before they are gone. They notice by themselves; one that is too busy to notice is ended.
 */
export async function clearLeftovers(cluster: string, mark: string): Promise<void> {
  const steps: [NodeJS.Signals | undefined, number][] = [
    [undefined, 500],
    ['SIGQUIT', 1_000],
    ['SIGKILL', 2_000],
  ]
  for (const [signal, patience] of steps) {
    const deadline = Date.now() + patience
    let left = await listServerProcesses(cluster, mark)
    if (signal) for (const pid of left) signalProcess(pid, signal)
    while (left.length > 0 && Date.now() < deadline) {
      await sleep(20)
      left = await listServerProcesses(cluster, mark)
    }
    if (left.length === 0) return
  }
}

/** Removes what a dead server left that would make PostgreSQL mistake a foreign process for it. */
export async function clearStaleFiles(cluster: string): Promise<void> {
  await rm(join(cluster, 'postmaster.pid'), { force: true })
  for (const file of await readdir(cluster))
    if (file.startsWith('.s.PGSQL.')) await rm(join(cluster, file), { force: true })
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function listServerProcesses(cluster: string, mark: string): Promise<number[]> {
  if (process.platform !== 'linux') return []
  const pids = (await readdir('/proc')).map(Number).filter(pid => pid > 0)
  const found = await Promise.all(pids.map(async pid => (await whose(pid, cluster, mark)) === 'ours'))
  return pids.filter((_, index) => found[index])
}

interface Found {
  readonly title: string
  readonly isPostgres: boolean
}

async function inProc(pid: number): Promise<Found | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8')
    const name = status.slice(status.indexOf('(') + 1, status.lastIndexOf(')'))
    const state = status.slice(status.lastIndexOf(')') + 2)[0]
    if (state === 'Z' || state === 'X') return undefined // dead, not yet fetched by its parent
    if (name !== 'postgres') return { title: '', isPostgres: false }
    return { title: await readFile(`/proc/${pid}/cmdline`, 'utf8'), isPostgres: true }
  } catch {
    return undefined // it ended while we looked
  }
}

async function inPs(pid: number): Promise<Found | undefined> {
  const { stdout } = await promisify(execFile)('ps', [
    '-ww',
    '-o',
    'stat=,command=',
    '-p',
    String(pid),
  ]).catch(() => ({
    stdout: '',
  }))
  if (stdout.trim() === '' || stdout.startsWith('Z')) return undefined
  return { title: stdout, isPostgres: stdout.includes('postgres') }
}

async function runsIn(pid: number, cluster: string): Promise<boolean> {
  try {
    const [here, there] = await Promise.all(
      [cluster, `/proc/${pid}/cwd`].map(path => stat(path, { bigint: true })),
    )
    return here?.ino === there?.ino && here?.dev === there?.dev
  } catch {
    return false
  }
}
