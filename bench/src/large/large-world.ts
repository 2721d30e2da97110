import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startPostgres } from '@plaza/kernel/postgres'
import { concurrently } from '@plaza/plaza/concurrently'
import { type Person, refreshTokens, register } from '../dataset.ts'
import { send } from '../http.ts'
import { startPlaza } from '../servers.ts'
import { loadWorld } from './load-world.ts'
import type { WorldSize } from './power-law.ts'

/** A large world in a data folder, as far as a benchmark must know it. */
export interface LargeWorld extends WorldSize {
  readonly follows: number
  /** Those with accounts; the first of them is followed by everybody. */
  readonly active: readonly Person[]
  /** Some of the posts. */
  readonly sample: readonly { readonly id: string }[]
}

export interface LargeSize extends WorldSize {
  /** People with accounts. */
  readonly active: number
}

const keptFile = 'bench-large.json'

/** The world an earlier run left in the folder, or one made now: accounts through the API, the rest straight into the tables. */
export async function largeWorld(folder: string, size: LargeSize): Promise<LargeWorld> {
  const kept = await readFile(join(folder, keptFile), 'utf8').catch(() => undefined)
  if (kept !== undefined) return asked(JSON.parse(kept) as LargeWorld, size, folder)
  const began = performance.now()
  const active = await registerActive(folder, size.active)
  console.log(`${active.length} accounts in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  // More log between checkpoints than Plaza has: this much is written once.
  await using postgres = await startPostgres({ dataDir: folder, settings: { max_wal_size: '8GB' } })
  const { follows, sample } = await loadWorld(postgres.ownerUrl, active, size)
  const world: LargeWorld = { ...size, active, follows, sample }
  await keepWorld(folder, world)
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  console.log(`${size.people} people, ${follows} follows, ${size.posts} posts: ${seconds} s in all`)
  return world
}

async function keepWorld(folder: string, world: LargeWorld): Promise<void> {
  await writeFile(join(folder, keptFile), JSON.stringify(world))
}

/** Tokens for the next quarter of an hour. */
export async function renewTokens(url: string, folder: string, world: LargeWorld): Promise<void> {
  await refreshTokens(url, world.active)
  await keepWorld(folder, world)
}

function asked(world: LargeWorld, { people, posts }: WorldSize, folder: string): LargeWorld {
  if (world.people === people && world.posts === posts) return world
  throw new Error(`${folder} holds ${world.people} people and ${world.posts} posts: name another folder`)
}

async function registerActive(folder: string, count: number): Promise<Person[]> {
  await using plaza = await startPlaza(folder)
  const people = await concurrently(
    Array.from({ length: count }, (_, n) => n),
    2,
    n => register(plaza.url, n),
  )
  // Their profiles are made when they are looked for: all must be there before others are written beside them.
  await concurrently(people, 16, ({ id, accessToken }) =>
    send(plaza.url, 'GET', `/api/v1/users/${id}`, { token: accessToken }),
  )
  return people
}
