import { unavailable } from '../contract/index.ts'
import { type Db, sql } from '../data/index.ts'
import { readState } from './open-log.ts'
import type { LogStateView } from './operations.ts'

/** Events at most between `since` and the newest. */
const most = 100_000

/** Answers `$logState`. */
export async function logState(db: Db): Promise<LogStateView> {
  const state = await readState(db)
  if (state === undefined) throw unavailable('Nobody has opened the event log on this server yet.')
  const { branch, newest } = state
  const [runs, since] = await Promise.all([
    allRuns.all(db, {}),
    oldest.maybe(db, { era: newest.era, total: newest.total - most }),
  ])
  return { branch, runs, newest, since: since ?? newest }
}

const allRuns = sql({ name: 'events.runs', row: { branch: 'text', last: 'int8?' } })`
  select token::text as branch,
    (select min(later.base_tick) from histories later where later.branch > histories.branch) as last
  from histories
  order by histories.branch`

// Subscribers remember for a week what they handled.
const oldest = sql({
  name: 'events.oldest-tick',
  params: { era: 'int4', total: 'int8' },
  row: { tick: 'int8', era: 'int4', snapshot: 'text', total: 'int8', high: 'int8' },
})`
  select tick, era, snapshot::text, total, high
  from ticks
  where era = ${'era'}
    and total >= ${'total'}
    and at > now() - interval '6 days'
  order by tick
  limit 1`
