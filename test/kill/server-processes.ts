import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The processes of the PostgreSQL server on Plaza's data folder: the first is the one that started the others. */
export async function serverProcesses(dataFolder: string): Promise<readonly number[]> {
  const text = await readFile(join(dataFolder, 'postgres/postmaster.pid'), 'utf8')
  const postmaster = Number(text.split('\n')[0])
  const parents = process.platform === 'linux' ? await parentsInProc() : await parentsInPs()
  return [postmaster, ...[...parents].filter(([, parent]) => parent === postmaster).map(([pid]) => pid)]
}

/** kill -9 of all of them, as if the machine had lost power (but for what the kernel of the machine still writes). */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

async function parentsInProc(): Promise<Map<number, number>> {
  const pids = (await readdir('/proc')).map(Number).filter(pid => pid > 0)
  const pairs = await Promise.all(
    pids.map(async pid => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      // The name, in parentheses, may hold anything.
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      return [pid, parent] as const
    }),
  )
  return new Map(pairs)
}

async function parentsInPs(): Promise<Map<number, number>> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
  const lines = stdout.trim().split('\n')
  return new Map(lines.map(line => line.trim().split(/\s+/).map(Number) as [number, number]))
}
