import { ownerUrlOf } from '@plaza/kernel/postgres'
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
export async function startOwnProcess(
  env: Readonly<Record<string, string>>,
  databaseUrl?: string,
): Promise<OwnProcess> {
  await using undo = new AsyncDisposableStack()
  const folder = undo.use(await temporaryFolder())
  const plaza = await startPlaza({
    dataFolder: folder.path,
    env: { ...suiteEnvironment, ...env, ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }) },
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
    topology: { url: plaza.url, admin, allowedOrigin, forge },
    process: plaza,
    stop,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}
