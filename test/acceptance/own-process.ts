import { ownerUrlOf } from '@plaza/kernel/postgres'
import { fleetTable } from '../fleet-table.ts'
import { type Exit, type PlazaProcess, startPlaza, temporaryFolder } from '../plaza-process.ts'
import { openTokenForge } from './token-forge.ts'
import type { Topology } from './world.ts'

const secret = 'a secret of the acceptance tests alone'
const admin = { login: 'root@plaza.example', password: 'an admin of the tests alone' }
const allowedOrigin = 'https://square.example'

/** What every Plaza of the suite is configured with: cheap passwords, one web origin, an admin whom the tests know. */
const suiteEnvironment = {
  PLAZA_SECRET: secret,
  PLAZA_BCRYPT_COST: '10',
  PLAZA_CORS_ORIGINS: allowedOrigin,
  PLAZA_ADMIN_EMAIL: admin.login,
  PLAZA_ADMIN_PASSWORD: admin.password,
  LOG_LEVEL: 'warn',
}

/** `plaza start` with everything in one process, for the suite. */
export interface OwnProcess extends AsyncDisposable {
  readonly topology: Topology
  readonly process: PlazaProcess
  /** SIGTERM: how it ended, and what it wrote. */
  stop(): Promise<Exit & { readonly output: string }>
}

/** Starts it on data of its own, thrown away after. With `databaseUrl` on that database, as its owner. */
export function startOwnProcess(
  env: Readonly<Record<string, string>>,
  databaseUrl?: string,
): Promise<OwnProcess> {
  const more = databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }
  return startOwn(['start'], { ...env, ...more }, databaseUrl)
}

/** `plaza fleet` with these options, for the suite: its gateways take turns. */
export function startOwnFleet(...options: readonly string[]): Promise<OwnProcess> {
  return startOwn(['fleet', ...options], {})
}

async function startOwn(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  databaseUrl?: string,
): Promise<OwnProcess> {
  await using undo = new AsyncDisposableStack()
  const folder = undo.use(await temporaryFolder())
  const plaza = await startPlaza({
    dataFolder: folder.path,
    command,
    patience: 120_000,
    env: { ...suiteEnvironment, ...env },
  })
  let ended = false
  const stop = async () => {
    ended = true
    return { ...(await plaza.stop()), output: plaza.output() }
  }
  undo.defer(async () => {
    if (!ended) await stop()
  })
  const forge = await openTokenForge(databaseUrl ?? (await ownerUrlOf(folder.path)), secret)
  const parts = undo.move()
  return {
    topology: { ...addressesOf(plaza), admin, allowedOrigin, forge },
    process: plaza,
    stop,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function addressesOf({ url, output }: PlazaProcess): Pick<Topology, 'url' | 'furtherUrls' | 'processUrls'> {
  const rows = fleetTable(output())
  const gateways = rows.flatMap(each => each.http ?? [])
  const processes = rows.filter(each => each.http === undefined)
  return {
    url,
    furtherUrls: gateways.filter(each => each !== url),
    processUrls: processes.flatMap(each => each.rpc ?? []),
  }
}
