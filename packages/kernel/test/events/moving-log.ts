import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Db, migrate, openDatabase } from '@plaza/kernel/data'
import { type EventLog, type RunningSubscription, runSubscription, shared } from '@plaza/kernel/events'
import { placeOf } from '@plaza/testing'
import { type ThrowawayServer, throwawayServer } from '@plaza/testing/throwaway-server'
import { callTo, kit, log as quiet, serve, things, until } from './rig.ts'

const passwords = async (roles: readonly string[]) => new Map(roles.map(role => [role, 'moves']))

/** A PostgreSQL 15 that a log may move from or to. */
export async function newServer(
  settings: Record<string, string> = {},
  fill?: (server: ThrowawayServer) => Promise<void>,
): Promise<ThrowawayServer> {
  const programs = await placeOf('postgresql-15-programs')
  return throwawayServer({ programs, settings: { fsync: 'off', ...settings }, ...(fill && { fill }) })
}

/** Opens the producer's database on a server; migrates it where need be. */
export async function producerOn(server: ThrowawayServer): Promise<Db> {
  const services = [{ name: things.name, migrations: undefined }]
  const urls = await migrate({ ownerUrl: server.url(), services, passwords, log: quiet })
  return openDatabase({ url: urls.get(things.name)!, schema: things.name })
}

let listeners = 0

/** A listener that stays while the log moves: each test's own. */
export class Listener implements AsyncDisposable {
  readonly #home: ThrowawayServer
  readonly #own: Db
  readonly #schema: string
  readonly #running: RunningSubscription
  current: EventLog | undefined
  /** Codes of what it complained about. */
  readonly complaints: string[] = []

  static async start(home: ThrowawayServer): Promise<Listener> {
    const name = `listener${++listeners}`
    const migrations = new URL('./migrations/', import.meta.url)
    const urls = await migrate({
      ownerUrl: home.url(),
      services: [{ name, migrations }],
      passwords,
      log: quiet,
    })
    return new Listener(openDatabase({ url: urls.get(name)!, schema: name }), name, home)
  }

  private constructor(own: Db, schema: string, home: ThrowawayServer) {
    this.#home = home
    this.#own = own
    this.#schema = schema
    const subscription = shared('effects', things, {
      happened: async ({ data, stream }, tx) => {
        await tx.execute('effect', 'insert into effects (number, stream) values ($1, $2)', [data.n, stream])
      },
    })
    const call = callTo(() => this.current)
    const log = Object.assign(Object.create(quiet), {
      error: ({ err }: { err: { code: string } }) => this.complaints.push(err.code),
    })
    this.#running = runSubscription(subscription, { ...kit(own, call), log })
  }

  async effects(): Promise<number[]> {
    const rows = await this.#home.query(`select number from ${this.#schema}.effects order by n`)
    return rows.map(row => Number(row.number))
  }

  async has(numbers: readonly number[]): Promise<void> {
    await until(async () => {
      const effects = new Set(await this.effects())
      return numbers.every(n => effects.has(n))
    }, `${numbers.length} events`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.stop()
    await this.#own.close()
  }
}

/** Serves the log on a server until `leave`, at the latest until its block ends. */
export async function settle(server: ThrowawayServer, listener: Listener) {
  const db = await producerOn(server)
  const log = await serve(db)
  listener.current = log
  const parts = new AsyncDisposableStack()
  parts.defer(() => db.close())
  parts.use(log)
  parts.defer(() => {
    listener.current = undefined
  })
  return { db, leave: () => parts.disposeAsync(), [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** Events that are committed and that no tick shows yet. */
export async function happenUnticked(
  server: ThrowawayServer,
  count: number,
  first: number,
): Promise<number[]> {
  const numbers = Array.from({ length: count }, (_, i) => first + i)
  await server.query(
    `set search_path = things;
     select append_events(array(select gen_random_uuid() from generate_series(1, ${count})), array_fill('u'::text, array[${count}]),
       array_fill('happened'::text, array[${count}]), array(select jsonb_build_object('n', n) from generate_series(${first}, ${first + count - 1}) n))`,
  )
  return numbers
}

/** Everything the log holds was handled, once; what was handled and is not there is what the move lost. */
export async function assertOnce(
  t: TestContext,
  server: ThrowawayServer,
  listener: Listener,
  gone: readonly number[] = [],
) {
  const rows = await server.query(`select (data->>'n')::int as n from things.events`)
  const there = rows.map(row => Number(row.n))
  await listener.has(there)
  const effects = await listener.effects()
  t.diagnostic(`${there.length} in the log, ${effects.length} effects, ${gone.length} gone`)
  assert.equal(new Set(effects).size, effects.length, 'nothing twice')
  assert.deepEqual([...effects].sort(ascending), [...there, ...gone].sort(ascending))
}

const ascending = (a: number, b: number) => a - b

export async function dumpOf(server: ThrowawayServer): Promise<string> {
  const file = join(dirname(server.data), 'dump')
  await server.run(
    'pg_dump',
    '-Fc',
    '-f',
    file,
    '-h',
    '127.0.0.1',
    '-p',
    `${server.port}`,
    '-U',
    'postgres',
    'postgres',
  )
  return file
}

export async function restore(file: string, server: ThrowawayServer): Promise<void> {
  const to = ['-h', '127.0.0.1', '-p', `${server.port}`, '-U', 'postgres', '-d', 'postgres']
  await server.run('pg_restore', '--no-owner', '--no-privileges', ...to, file)
}

/** A replica of a running server, streaming from it. */
export function replicaOf(
  server: ThrowawayServer,
  settings: Record<string, string>,
): Promise<ThrowawayServer> {
  return newServer(settings, replica =>
    replica.run(
      'pg_basebackup',
      '-D',
      replica.data,
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
      '-h',
      '127.0.0.1',
      '-p',
      `${server.port}`,
      '-U',
      'postgres',
    ),
  )
}

export async function untilReplayed(server: ThrowawayServer, replica: ThrowawayServer): Promise<void> {
  const [at] = await server.query('select pg_current_wal_lsn() as lsn')
  await until(
    async () =>
      (await replica.query(`select pg_last_wal_replay_lsn() >= '${at!.lsn}' as done`))[0]!.done === true,
    'the replay',
  )
}
