import { makeCall } from '@plaza/kernel/call'
import { Closed, contract, event, Type } from '@plaza/kernel/contract'
import { migrate, openDatabase } from '@plaza/kernel/data'
import { appendEvents, broadcast, newEvent, runSubscription, startEventLog } from '@plaza/kernel/events'
import type { Handler } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import { percentile } from './measure.ts'
import { startReferenceDatabase } from './servers.ts'

const pings = contract('pings', {}, { pinged: event(Closed({ n: Type.Integer() })) })
const log = makeLogger({ level: 'silent', pretty: false })

const perCommit = 10
const betweenCommits = 5
const streams = 100

/** From the answer to a commit until a handler in the same process has the event, at 2,000 events/s in transactions of ten. Milliseconds. */
export async function commitToHandler(seconds = 10) {
  await using server = await startReferenceDatabase()
  const passwords = async (roles: readonly string[]) => new Map(roles.map(role => [role, 'bench']))
  const services = [{ name: pings.name, migrations: undefined }]
  const urls = await migrate({ ownerUrl: server.url, services, passwords, log })
  const db = openDatabase({ url: urls.get(pings.name)!, schema: pings.name })
  const metrics = makeMetrics()
  const events = await startEventLog({ service: pings.name, db, log, metrics })
  const call = makeCall({
    invoke: async (_service, operation, input, context) =>
      (events.handlers as Record<string, Handler<never, unknown>>)[operation]!(input as never, context),
  })
  const committedAt: number[] = []
  const handledAt: number[] = []
  let handled = 0
  const running = runSubscription(
    broadcast(
      'pings',
      pings,
      {
        pinged: ({ data }) => {
          handledAt[data.n] = performance.now()
          handled++
        },
      },
      () => {},
    ),
    { service: pings.name, db: undefined, call, log, metrics },
  )
  await running.caughtUp()

  const commits: Promise<void>[] = []
  const commit = async (first: number) => {
    const numbers = Array.from({ length: perCommit }, (_, i) => first + i)
    await db.transaction(tx =>
      appendEvents(
        tx,
        numbers.map(n => newEvent(pings, 'pinged', `stream ${n % streams}`, { n })),
      ),
    )
    for (const n of numbers) committedAt[n] = performance.now()
  }
  const began = performance.now()
  for (let n = 0; n * betweenCommits < seconds * 1000; n++) {
    const wait = began + n * betweenCommits - performance.now()
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait))
    commits.push(commit(n * perCommit))
  }
  await Promise.all(commits)
  const all = commits.length * perCommit
  while (handled < all) await new Promise(resolve => setTimeout(resolve, 50))
  const perSecond = all / ((performance.now() - began) / 1000)
  await running.stop()
  await events.stop()
  await db.close()
  const delays = Float64Array.from(committedAt, (at, n) => Math.max(0, handledAt[n]! - at)).sort()
  return {
    'commit to handler, ms': {
      eventsPerSecond: Math.round(perSecond),
      p50: Number(percentile(delays, 50).toFixed(1)),
      p99: Number(percentile(delays, 99).toFixed(1)),
    },
  }
}
