import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { concurrently } from '@plaza/plaza/concurrently'
import { send } from '../http.ts'
import { percentile, residentMegabytes } from '../measure.ts'
import type { PlazaUnderTest } from '../servers.ts'
import type { LargeWorld } from './large-world.ts'

export interface FirstReads {
  readonly atOnce: number
  readonly people: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly slowest: number
  readonly memory: MemoryGrowth
}

/** Of Node, in MB: when the first of the people were read, and when all were. */
interface MemoryGrowth {
  readonly before: Memory
  readonly after: Memory
  /** Of what is live, in proportion to the people read between the two. */
  readonly perTenThousand: number
}

interface Memory {
  readonly resident: number
  /** In the heap after all garbage was collected, and outside of it. */
  readonly live: number
}

/** What a Plaza is started with whose memory is measured. */
export const collectsGarbage = join(import.meta.dirname, 'collect-garbage.ts')

/** The first of these people pay for what a process does once (code, connections, plans): memory is counted from there on. */
export const warmUp = 100

/** Everybody's home timeline for the first time since the start: each is made from the database. */
export async function firstReads(
  plaza: PlazaUnderTest,
  { active }: LargeWorld,
  atOnce: number,
): Promise<FirstReads> {
  const times: number[] = []
  const read = async ({ accessToken }: LargeWorld['active'][number]) => {
    const began = performance.now()
    const page = await send(plaza.url, 'GET', '/api/v1/timelines/home', { token: accessToken })
    times.push(performance.now() - began)
    if ((page.items as unknown[]).length === 0) throw new Error('A home timeline is empty')
  }
  await concurrently(active.slice(0, warmUp), atOnce, read)
  const before = await memoryOf(plaza)
  await concurrently(active.slice(warmUp), atOnce, read)
  const after = await memoryOf(plaza)
  const sorted = Float64Array.from(times).sort()
  const scale = 10_000 / Math.max(1, active.length - warmUp)
  return {
    atOnce,
    people: times.length,
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    slowest: sorted.at(-1)!,
    memory: { before, after, perTenThousand: (after.live - before.live) * scale },
  }
}

async function memoryOf({ url, nodePids }: PlazaUnderTest): Promise<Memory> {
  for (const pid of nodePids) process.kill(pid, 'SIGUSR2')
  await sleep(500)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const bytes = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1])
  const live = bytes('nodejs_heap_size_used_bytes') + bytes('nodejs_external_memory_bytes')
  return { resident: residentMegabytes(nodePids), live: live / 2 ** 20 }
}
