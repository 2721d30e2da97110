import assert from 'node:assert/strict'
import { type Db, sql } from '@plaza/kernel/data'
import {
  appendEvents,
  type EventOf,
  newEvent,
  runSubscription,
  type SharedOptions,
  shared,
} from '@plaza/kernel/events'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { callTo, kit, serve, things, until } from './rig.ts'

const migrations = new URL('./migrations/', import.meta.url)

type Happened = EventOf<typeof things, 'happened'>

const addEffect = sql({
  name: 'leases-rig.add-effect',
  params: { number: 'int4', stream: 'text', who: 'text' },
})`
  insert into effects (number, stream, who)
  values (${'number'}, ${'stream'}, ${'who'})`

/** The subscription of the lease tests: each effect says whose it is. Nothing but the kernel keeps it from being had twice. */
export const effectsOf = (
  who: string,
  after: (event: Happened) => Promise<void> | void = () => {},
  options: SharedOptions = {},
) =>
  shared(
    'effects',
    things,
    {
      happened: async (event, tx) => {
        await addEffect.run(tx, { number: event.data.n, stream: event.stream, who })
        await after(event)
      },
    },
    options,
  )

export interface Effect {
  readonly number: number
  readonly stream: string
  readonly who: string
}

/** A producer with its log, and the database that instances of a listener share. */
export async function leasesPlace() {
  await using undo = new AsyncDisposableStack()
  const scratch = undo.use(await scratchDatabase())
  const db = await scratch.open({ name: things.name, migrations: undefined })
  const urls = await scratch.migrate([
    { name: things.name, migrations: undefined },
    { name: 'listener', migrations },
  ])
  const log = undo.use(await serve(db))
  const owner = await scratch.connect()
  const call = callTo(() => log)
  const written = new Map<string, number[]>()
  let last = 0

  const effects = async (): Promise<readonly Effect[]> =>
    (await owner.query('select number, stream, who from listener.effects order by n')).rows
  const shares = async (): Promise<readonly { readonly owner: string | null; readonly buckets: number }[]> =>
    (
      await owner.query(
        'select owner, buckets from listener.subscription_shares where until > clock_timestamp() order by share',
      )
    ).rows
  const parts = undo.move()
  return {
    owner,
    db,
    call,
    urls,
    written,
    effects,
    shares,
    open: () => scratch.open({ name: 'listener', migrations }),
    /** Another instance of the listener; its own pool, as in another process. */
    async run(subscription: ReturnType<typeof effectsOf>, change: (own: Db) => Db = own => own) {
      const running = runSubscription(
        subscription,
        kit(change(await scratch.open({ name: 'listener', migrations })), call),
      )
      return { ...running, [Symbol.asyncDispose]: () => running.stop() }
    },
    /** Appends some events to streams, in one transaction. */
    async happen(count: number, streamOf: (i: number) => string = i => `s${i % 50}`): Promise<void> {
      const events = Array.from({ length: count }, () => {
        const n = ++last
        return { n, stream: streamOf(n) }
      })
      await db.transaction(tx =>
        appendEvents(
          tx,
          events.map(({ n, stream }) => newEvent(things, 'happened', stream, { n })),
        ),
      )
      for (const { n, stream } of events) written.set(stream, [...(written.get(stream) ?? []), n])
    },
    count: () => last,
    async untilAllDone(): Promise<void> {
      await until(async () => (await effects()).length >= last, `all ${last} effects`)
    },
    /** How many instances hold a share, when each bucket is in one that is leased; else 0. */
    async owners(): Promise<number> {
      const all = await shares()
      const isWhole = all.reduce((sum, each) => sum + each.buckets, 0) === 2 ** 16 - 1
      return isWhole ? new Set(all.map(each => each.owner)).size : 0
    },
    /** All effects once, and each stream's in their order. */
    async assertOnceInOrder(): Promise<void> {
      const all = await effects()
      for (const [stream, numbers] of written) {
        const had = all.filter(each => each.stream === stream).map(each => each.number)
        assert.deepEqual(had, numbers, `stream ${stream}`)
      }
      assert.equal(all.length, last)
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

export type LeasesPlace = Awaited<ReturnType<typeof leasesPlace>>

/** Events come all the while, until it is ended. */
export function load(place: LeasesPlace, perTransaction = 5) {
  let on = true
  const ended = (async () => {
    while (on) {
      await place.happen(perTransaction)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  })()
  const end = () => {
    on = false
    return ended
  }
  return { end, [Symbol.asyncDispose]: end }
}

/** A database whose transactions wait for `gate` before they begin: its process does not get to them. */
export function lateDb(own: Db, gate: () => Promise<void>, onEnd: (error: unknown) => void): Db {
  return Object.create(own, {
    transaction: {
      value: async (work: Parameters<Db['transaction']>[0]) => {
        await gate()
        try {
          const result = await own.transaction(work)
          onEnd(undefined)
          return result
        } catch (error) {
          onEnd(error)
          throw error
        }
      },
    },
  })
}
