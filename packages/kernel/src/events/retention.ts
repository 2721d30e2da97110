import { type Db, sql } from '../data/index.ts'

/** Makes the partitions of the months to come; there is no default partition, for one could not be detached without stopping writers. */
export async function makeMonthsAhead(db: Db): Promise<void> {
  await makeMonths.run(db, {})
}

/**
 * Deletes ticks older than an hour, oldest first, a bounded number at once. Cursors carry their snapshots, so old ticks are needed only
 * where a log's runs meet: tick 0, base ticks, and the closing and opening ticks of eras stay.
 */
export async function trimTicks(db: Db): Promise<number> {
  return trim.run(db, { keep: 1_000, most: 200_000 })
}

const makeMonths = sql({ name: 'events.make-months-ahead' })`
  select make_event_months()`

const trim = sql({ name: 'events.trim-ticks', params: { keep: 'int8', most: 'int4' } })`
  delete from ticks
  where tick in (
    select tick
    from ticks
    where tick > 0
      and tick < (select max(tick) from ticks) - ${'keep'}
      and at < now() - interval '1 hour'
      and not exists (select from histories where ticks.tick between base_tick and base_tick + 2)
    order by tick
    limit ${'most'}
  )`
