import { createHash } from 'node:crypto'
import { StartError } from './start-error.ts'

/**
 * How PostgreSQL is set for a machine of two cores or more that also runs Plaza. Given as flags at every start, so a new
 * release can change them; they win over `postgresql.conf`.
 */
const standard: Readonly<Record<string, string>> = {
  // what an answer promises
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // memory; nothing is taken before it is used
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  max_connections: '100',
  // spaced checkpoints write less; 1 GB of log is what a crash may have to read again
  wal_compression: 'on',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  // short statements on few cores: compiling and parallel plans cost more than they save
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  io_method: 'sync',
  // in the data folder: /dev/shm of a container is 64 MB, and keeps what killed servers leave
  dynamic_shared_memory_type: 'mmap',
  autovacuum: 'on',
  max_prepared_transactions: '0',
  // a statement of a killed Plaza ends, and gives its locks back
  client_connection_check_interval: '1s',
  password_encryption: 'scram-sha-256',
  // terse: the detail of a refused row would put personal data into the log
  log_error_verbosity: 'terse',
  log_lock_waits: 'on',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_timezone: 'UTC',
  timezone: 'UTC',
}

const fixed = ['listen_addresses', 'port', 'unix_socket_directories', 'cluster_name', 'data_directory']

/** The standard settings with `extra` ones over them. Throws on a name that is none, or that Plaza needs for itself. */
export function withStandard(extra: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(extra)) {
    if (!/^[a-z][a-z0-9_.]*$/.test(name))
      throw new StartError(`"${name}" is not the name of a PostgreSQL setting.`)
    if (fixed.includes(name))
      throw new StartError(`PostgreSQL's ${name} is Plaza's own affair and cannot be set to "${value}".`)
  }
  return { ...standard, ...extra }
}

/** The command line: settings, who it is, and that it hears this machine alone. The socket lies in the data folder. */
export function toFlags(
  settings: Readonly<Record<string, string>>,
  clusterName: string,
  port: number,
): string[] {
  const all = {
    ...settings,
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '.',
    unix_socket_permissions: '0700',
    cluster_name: clusterName,
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** A word for what a server was started with: another word, and an adopted server must be started again. */
export function settingsDigest(settings: Readonly<Record<string, string>>, binary: string): string {
  const sorted = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([binary, sorted]))
    .digest('hex')
    .slice(0, 12)
}
