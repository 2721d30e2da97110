import { flushCompileCache } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeCall } from '@plaza/kernel/call'
import { openDatabase, sql, toUuid } from '@plaza/kernel/data'
import { runSubscription, sharedInBatches, startEventLog } from '@plaza/kernel/events'
import type { Handler } from '@plaza/kernel/service'
import { makeMetrics } from '@plaza/kernel/telemetry'
import { happenings, quiet, type SubscriberTask, taskOf } from './happenings.ts'

// A process with one shared subscription, its effects on another server. It reads the log and does not tick.
const task = taskOf<SubscriberTask>()
const metrics = makeMetrics()
process.on('disconnect', () => process.exit())

const insert = sql({
  name: 'torture.effects',
  params: { events: 'uuid[]', streams: 'text[]', versions: 'int8[]', seenAt: 'float8' },
})`
  insert into effects (event, stream, version, seen_at)
  select event, stream, version, ${'seenAt'}
  from unnest(${'events'}, ${'streams'}, ${'versions'}) with ordinality as e (event, stream, version, n)
  order by n`

const producer = openDatabase({ url: task.producerUrl, schema: happenings.name })
const own = openDatabase({ url: task.ownUrl, schema: task.schema })
const loadedAt = performance.now()
const log = await open()
const openAt = performance.now()
const call = makeCall({
  invoke: async (_service, operation, input, context) =>
    (log.handlers as Record<string, Handler<never, unknown>>)[operation]!(input as never, context),
})
const running = runSubscription(
  sharedInBatches('effects', happenings, ['happened'], async (events, tx) => {
    await insert.run(tx, {
      events: events.map(event => toUuid(event.id)),
      streams: events.map(event => event.stream),
      versions: events.map(event => event.version),
      seenAt: Date.now(),
    })
  }),
  { service: task.schema, db: own, call, log: quiet, metrics },
)
await running.caughtUp()
process.send?.(
  `loaded after ${loadedAt.toFixed(0)}, log open ${openAt.toFixed(0)}, level ${performance.now().toFixed(0)} ms`,
)
flushCompileCache() // else only who ends in peace leaves one

async function open() {
  for (;;) {
    try {
      return await startEventLog({
        service: happenings.name,
        db: producer,
        log: quiet,
        metrics,
        ticks: false,
      })
    } catch {
      await sleep(50)
    }
  }
}
