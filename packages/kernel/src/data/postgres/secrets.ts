import { randomBytes, randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunAs } from './run-as.ts'
import { explainFileError, StartError } from './start-error.ts'

/** What is kept with the data, so that a copy of the folder can be opened: `plaza.json`, mode 0600. */
export interface Secrets {
  readonly port: number
  readonly superuserPassword: string
  readonly ownerPassword: string
}

const secretsFile = 'plaza.json'
export const newPassword = () => randomBytes(24).toString('hex')

export async function readSecrets(cluster: string): Promise<Secrets> {
  const path = join(cluster, secretsFile)
  try {
    const { port, superuserPassword, ownerPassword } = JSON.parse(await readFile(path, 'utf8'))
    if (![port, superuserPassword, ownerPassword].every(Boolean)) throw new Error('Something is missing')
    return {
      port: Number(port),
      superuserPassword: String(superuserPassword),
      ownerPassword: String(ownerPassword),
    }
  } catch (error) {
    if (explainFileError(error, path) !== error) throw error
    throw new StartError(
      `${path}, which holds the passwords of this database, is missing or damaged. Copy it back from a backup of the folder. Without one, ` +
        `a PostgreSQL of the same version can be started on the folder by hand and given as DATABASE_URL.`,
    )
  }
}

/** Replaces `plaza.json`: the old one or the new one is there, whatever happens in between. */
export async function writeSecrets(cluster: string, secrets: Secrets, runAs?: RunAs): Promise<void> {
  const draft = join(cluster, `${secretsFile}.${randomUUID()}`)
  const file = await open(draft, 'wx', 0o600)
  try {
    if (runAs) await file.chown(runAs.uid, runAs.gid)
    await file.writeFile(`${JSON.stringify(secrets, undefined, 2)}\n`)
    await file.sync()
    await file.close()
    await rename(draft, join(cluster, secretsFile))
    await syncFolder(cluster)
  } catch (error) {
    await file.close().catch(() => {})
    await rm(draft, { force: true })
    throw error
  }
}

/** Makes renames in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}
