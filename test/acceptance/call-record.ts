import { createHash } from 'node:crypto'
import { globSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from './suite.ts'

const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'node_modules/.cache/plaza')

/** What a run of the suite leaves: which test called which operations, and whether it passed. */
export interface CallRecord {
  /** Of the code that ran: another code makes the record stale. */
  readonly digest: string
  /** Epoch ms. */
  readonly at: number
  /** `METHOD path` of every operation in `/openapi.json`. */
  readonly documented: readonly string[]
  readonly results: readonly Result[]
}

export async function writeRecord(topology: string, record: CallRecord): Promise<void> {
  await mkdir(folder, { recursive: true })
  const path = pathOf(topology)
  await writeFile(`${path}.new`, JSON.stringify(record, null, 1))
  await rename(`${path}.new`, path)
}

/** What the last run left; undefined when there was none. */
export async function findRecord(topology: string): Promise<CallRecord | undefined> {
  const text = await readFile(pathOf(topology), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

/** SHA-256 over the product's code and the suite's. */
export async function digestOfCode(): Promise<string> {
  const paths = globSync(
    ['{packages,services,apps}/**/*.{ts,sql,json}', 'test/acceptance/**/*.ts', 'package-lock.json'],
    {
      cwd: root,
      exclude: path => /(^|\/)(node_modules|\.plaza)$/.test(path),
    },
  )
  const digest = createHash('sha256')
  for (const path of paths
    .filter(each => !/\/test\/|\.test\.ts$/.test(each) || each.startsWith('test/'))
    .sort())
    digest.update(`${path}\0`).update(await readFile(join(root, path)))
  return digest.digest('hex')
}

const pathOf = (topology: string) => join(folder, `acceptance-${topology}.json`)
