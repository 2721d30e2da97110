import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { migrate, openDatabase } from '@plaza/kernel/data'
import { startEventLog } from '@plaza/kernel/events'
import { seededRandom } from '@plaza/kernel/service'
import { makeMetrics } from '@plaza/kernel/telemetry'
import { throwawayServer } from '@plaza/testing/throwaway-server'
import { Chaos } from './chaos.ts'
import { Child } from './children.ts'
import { inversionsWithCachedSequence, PlainCursor } from './controls.ts'
import { happenings, quiet } from './happenings.ts'
import { examinePlans } from './plans.ts'
import { preload } from './preload.ts'
import { countOf, judge, readTruth } from './verdict.ts'

// npm run torture [-- --ci --seconds 60 --events 5000000 --seed 1 --programs /usr/lib/postgresql/15/bin]
const { values: options } = parseArgs({
  options: {
    ci: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    events: { type: 'string' },
    seed: { type: 'string' },
    programs: { type: 'string' },
    calm: { type: 'boolean', default: false },
  },
})
const seconds = Number(options.seconds ?? (options.ci ? 10 : 60))
const old = Number(options.events ?? (options.ci ? 500_000 : 5_000_000))
/** Ms from a process' start. Shortly, on a machine that also runs other things, loading the code alone has taken two seconds. */
const levelWithin = options.ci ? 4_000 : 2_000
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31))
const random = seededRandom(seed)
const name = happenings.name
const say = (line: string) => console.log(line)

/** The exit code when nothing was wrong, but not all in time, or nothing tortured: a busy machine does that too, so one run proves nothing. */
const notProved = 2

say(`Torture of the event log: ${seconds} s, ${old.toLocaleString('en')} old events, seed ${seed}`)
const programs = options.programs === undefined ? {} : { programs: options.programs }
await using server = await throwawayServer({
  ...programs,
  settings: {
    shared_buffers: '512MB',
    max_wal_size: '4GB',
    checkpoint_timeout: '30min',
    max_prepared_transactions: '20',
    track_commit_timestamp: 'on',
  },
})
await using other = await throwawayServer({ ...programs, settings: { shared_buffers: '128MB' } })
const passwords = async (roles: readonly string[]) => new Map(roles.map(role => [role, 'torture']))
const urls = await migrate({
  ownerUrl: server.url(),
  services: [name, 'cached'].map(each => ({ name: each, migrations: undefined })),
  passwords,
  log: quiet,
})
const schemas = ['first', 'second', 'third', 'killed']
const migrations = new URL('./migrations/', import.meta.url)
const ownUrls = await migrate({
  ownerUrl: other.url(),
  services: schemas.map(each => ({ name: each, migrations })),
  passwords,
  log: quiet,
})
await server.query('create database elsewhere')

let began = performance.now()
await preload(server.url(), name, old)
say(`${old.toLocaleString('en')} events were written in ${secondsSince(began)} s`)

// Subscribers begin behind the old events: who begins at the first is a matter of minutes, not of torture.
const producerUrl = urls.get(name)!
began = performance.now()
const begin = await beginNow()
say(`ticked in ${secondsSince(began)} s`)
for (const schema of schemas) {
  await other.query(
    `insert into ${schema}.subscription_shares (subscription, producer, cursor) values ('effects', '${name}', '${JSON.stringify(begin)}')`,
  )
}
const forgotten = [
  'begin',
  `set local search_path = ${name}`,
  `select append_events(array[gen_random_uuid(), gen_random_uuid()], '{forgotten,forgotten}', '{happened,happened}', array['{"n":1}','{"n":2}']::jsonb[])`,
  `prepare transaction 'forgotten'`,
].join(';')
await server.query(forgotten)

const chaos = new Chaos(random)
const levels: { ms: number; story: string }[] = []
let silent = 0
const hosts = [0, 1].map(
  host =>
    new Child(
      `host ${host}`,
      'writers.ts',
      () => ({ url: producerUrl, host, writers: 8, seed: Math.floor(random() * 2 ** 31) }),
      message => {
        if (message === 'quiet') silent++
      },
    ),
)
const subscribers = schemas.map(
  schema =>
    new Child(
      schema,
      'subscriber.ts',
      () => ({ producerUrl, ownUrl: ownUrls.get(schema), schema }),
      (story, sinceStart) => {
        if (schema === 'killed') noteLevel(sinceStart, String(story))
      },
    ),
)
const killed = subscribers[3]!
let levelStart = 0
const noteLevel = (age: number, story: string) => {
  levelStart = killed.starts
  // While the server is down nobody can be level.
  if (performance.now() - age > chaos.serverDownUntil) levels.push({ ms: age, story })
}
const noteKill = () => {
  if (levelStart < killed.starts) noteLevel(killed.age, 'killed before it was level')
}
try {
  for (const child of [...subscribers, ...hosts]) child.start()
  await sleep(2_000)
  const plain = new PlainCursor(server.url(), begin.from.high)
  const torments = options.calm
    ? []
    : [
        chaos.tortureHosts(hosts, server),
        chaos.tortureSubscriber(killed, noteKill),
        chaos.writeSlowlyElsewhere(server.url('elsewhere')),
      ]
  await sleep((seconds * 1000) / 2)
  const recovery = options.calm ? 0 : await chaos.crash(server)
  await sleep((seconds * 1000) / 2)
  chaos.stop()
  await Promise.all(torments)
  for (const host of hosts) host.tell('stop writing')
  await until(() => silent >= 2, 30_000)
  await server.query(`commit prepared 'forgotten'`)

  const truth = await readTruth(server.url(), name, begin.from.high)
  const allSeen = async () => {
    for (const schema of schemas) {
      const seen = await countOf(other.url(), `select count(distinct event) from ${schema}.effects`)
      if (seen < truth.ids.size) return false
    }
    return true
  }
  await until(allSeen, 20_000)
  for (const child of [...subscribers, ...hosts]) await child.kill()
  const verdicts = await Promise.all(schemas.map(schema => judge(schema, other.url(), schema, truth)))
  const lostByPlain = await plain.lostOf(truth)
  const inversions = await inversionsWithCachedSequence(server.url(), urls.get('cached')!, 'cached', 2_000)

  say('')
  console.table(
    verdicts.map(({ p50, p99, max, ...counts }) => ({
      ...counts,
      'p50 ms': p50.toFixed(1),
      'p99 ms': p99.toFixed(0),
      'max ms': max.toFixed(0),
    })),
  )
  const worst = levels.toSorted((a, b) => b.ms - a.ms)[0]
  const slowest = worst?.ms ?? Number.POSITIVE_INFINITY
  say(
    `${truth.ids.size} events committed; the server crashed once and was back in ${(recovery / 1000).toFixed(1)} s`,
  )
  say(
    `writers and tickers: ${chaos.counts.kills} killed, ${chaos.counts.freezes} stopped, ${chaos.counts.terminations} cut off; ` +
      `one subscriber killed ${chaos.counts.subscriberKills} times, level ${slowest.toFixed(0)} ms after its start at worst (${worst?.story})`,
  )
  say(`controls: a plain cursor lost ${lostByPlain}; a cached sequence turned round ${inversions}`)

  const plans = await examinePlans(producerUrl, begin.from, await newestTick())
  say(
    `plans in that log: ${Object.entries(plans.times)
      .map(([statement, ms]) => `${statement} ${ms} ms`)
      .join(', ')}`,
  )

  const wrong = [
    ...plans.wrong,
    ...verdicts.flatMap(each =>
      (['lost', 'twice', 'turnedRound', 'unknown'] as const).flatMap(kind =>
        each[kind] > 0 ? [`${each.name}: ${each[kind]} ${kind}`] : [],
      ),
    ),
  ]
  const unproved = [
    ...(lostByPlain > 0 ? [] : ['the plain cursor lost nothing: this was no torture']),
    ...(inversions > 0 ? [] : ['the cached sequence turned nothing round: the order is not looked at']),
    ...verdicts
      .slice(0, 3)
      .flatMap(each => (each.p99 < 300 ? [] : [`${each.name}: p99 ${each.p99.toFixed(0)} ms`])),
    ...(slowest < levelWithin ? [] : [`the killed subscriber needed ${slowest.toFixed(0)} ms to be level`]),
  ]
  const failures = [...wrong, ...unproved]
  say(failures.length === 0 ? 'Passed.' : `FAILED (seed ${seed}): ${failures.join('; ')}`)
  process.exitCode = wrong.length > 0 ? 1 : unproved.length > 0 ? notProved : 0
} finally {
  chaos.stop()
  for (const child of [...subscribers, ...hosts]) {
    child.thaw()
    await child.kill()
  }
}

async function beginNow() {
  const db = openDatabase({ url: producerUrl, schema: name })
  const log = await startEventLog({ service: name, db, log: quiet, metrics: makeMetrics() })
  try {
    await until(
      async () => (await countOf(server.url(), `select max(total) from ${name}.ticks`)) >= old,
      60_000,
    )
    const { cursor } = await log.handlers.$pullEvents({ begin: 'now', limit: 1, wait: 0 })
    return cursor
  } finally {
    await log.stop()
    await db.close()
  }
}

async function newestTick() {
  const [row] = await server.query(
    `select tick::int, snapshot::text, total::int, high::int from ${name}.ticks order by tick desc limit 1`,
  )
  return row as { tick: number; snapshot: string; total: number; high: number }
}

async function until(isSo: () => boolean | Promise<boolean>, ms: number): Promise<void> {
  for (const end = Date.now() + ms; !(await isSo()) && Date.now() < end; ) await sleep(100)
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1)
}
