import { makeCall } from '@plaza/kernel/call'
import { newId, randomShard } from '@plaza/kernel/data'
import type { Role } from '@plaza/kernel/security'
import { asking, type BootedServices, bootServices } from '@plaza/testing'
import { analytics, type DayCounts } from '../src/contract.ts'
import { analyticsService } from '../src/service.ts'
import { fakeNeighbours } from './neighbours.ts'

export const somebody = () => newId('user', randomShard())

/** Analytics as it really runs, in `instances` processes' worth of it, beside services that tell what a test says. */
export async function openSquare({ instances = 1, quiet = false } = {}) {
  await using undo = new AsyncDisposableStack()
  const told = fakeNeighbours()
  const services = [...told.services, analyticsService]
  const plaza = undo.use(await bootServices(services, { quiet }))
  // Those beside have neighbours that tell nothing: the logs are one.
  for (let i = 1; i < instances; i++) undo.use(await beside(plaza, quiet))
  const owner = await plaza.scratch.connect()
  const client = makeCall(plaza.host.dispatcher)(analytics)
  const listDays = (input: Parameters<typeof client.listDays>[0] = {}, roles: readonly Role[] = ['admin']) =>
    client.listDays(input, asking(somebody(), roles))
  const parts = undo.move()
  return {
    ...told,
    plaza,
    owner,
    listDays,
    anonymously: () => client.listDays({}, asking()),
    /** Waits until a day's counts, without zeros, are these; ten seconds at most. */
    untilCounted: async (day: string, expected: Partial<DayCounts>) => {
      const wanted = JSON.stringify(sorted({ day, ...expected }))
      for (const end = Date.now() + 10_000; ; await new Promise(resolve => setTimeout(resolve, 20))) {
        const found = (await listDays({ from: day, to: day })).items[0]
        const counted = JSON.stringify(sorted(found ?? {}))
        if (counted === wanted) return
        if (Date.now() > end) throw new Error(`After 10 s it is ${counted} instead of ${wanted}`)
      }
    },
    /** An event of auth that happened at another time than now. */
    registerAt: async (at: string) => {
      const userId = somebody()
      await owner.query(
        `insert into auth.events (at, version, id, era, stream, type, data)
         select $1, 1, gen_random_uuid(), era, $2, 'registered', $3 from auth.log`,
        [at, userId, { userId }],
      )
      return userId
    },
    openBeside: () => beside(plaza, quiet),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function beside(plaza: BootedServices, quiet: boolean) {
  return bootServices([...fakeNeighbours().services, analyticsService], { beside: plaza, quiet })
}

function sorted(counts: object) {
  return Object.entries(counts)
    .filter(([, value]) => value !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
