import { type Db, sql, type Tx, toUuid } from '../data/index.ts'
import type { EventCursor } from './cursor.ts'
import { skipHandledAfter } from './handled-store.ts'

/** Milliseconds a lease lasts; who is stopped longer than this loses its shares. */
export const leaseFor = 1_500

/** A share as its owner has it. */
export interface StoredShare {
  readonly share: number
  readonly buckets: number
  readonly cursor: EventCursor
  /** The fencing token: whoever else touched the share has raised it. */
  readonly revision: number
  /** Events may come a second time: what was handled is looked up. */
  readonly skips: boolean
}

export async function findShares(
  db: Db,
  subscription: string,
  owner: string,
): Promise<readonly StoredShare[]> {
  const rows = await find.all(db, { subscription, owner })
  return rows.map(row => ({ ...row, cursor: row.cursor as EventCursor }))
}

/** What a move stores with the cursor. */
export interface Handled {
  readonly batch: EventCursor
  readonly ids: readonly string[]
}

/**
 * Moves a share's cursor in the transaction that holds the effect of these events, and remembers them. From here on the server ends the
 * transaction when its client is silent for `patience` ms: a stopped process holds no lock. Undefined: the share changed hands, so roll back.
 */
export async function moveShare(
  tx: Tx,
  subscription: string,
  { share, revision }: Pick<StoredShare, 'share' | 'revision'>,
  cursor: EventCursor,
  handled: Handled,
  patience = leaseFor,
): Promise<{ readonly revision: number; readonly parked: boolean } | undefined> {
  const { batch, from } = handled.batch
  return move.maybe(tx, {
    subscription,
    share,
    revision,
    cursor: JSON.stringify(cursor),
    lease: leaseFor,
    patience: String(patience),
    branch: handled.batch.branch,
    tick: (batch?.to ?? from).tick,
    events: handled.ids.map(toUuid),
  })
}

/** Moves a share's cursor back to `tick`; what was handled since is skipped when it comes again. False: the share changed hands. */
export function moveShareBack(
  db: Db,
  subscription: string,
  share: StoredShare,
  cursor: EventCursor,
  tick: number,
): Promise<boolean> {
  return db.transaction(async tx => {
    const nothing = { batch: cursor, ids: [] }
    if ((await moveShare(tx, subscription, share, cursor, nothing)) === undefined) return false
    await skipHandledAfter(tx, subscription, tick)
    return true
  })
}

const find = sql({
  name: 'events.find-shares',
  params: { subscription: 'text', owner: 'uuid' },
  row: { share: 'int4', buckets: 'int4', cursor: 'jsonb', revision: 'int8', skips: 'bool' },
})`
  select share, buckets, cursor, revision,
    exists (select from skipped_events where subscription = ${'subscription'}) as skips
  from subscription_shares
  where subscription = ${'subscription'}
    and owner = ${'owner'}
  order by share`

const move = sql({
  name: 'events.move-share',
  params: {
    subscription: 'text',
    share: 'int4',
    revision: 'int8',
    cursor: 'jsonb',
    lease: 'int4',
    patience: 'text',
    branch: 'uuid',
    tick: 'int8',
    events: 'uuid[]',
  },
  row: { revision: 'int8', parked: 'bool', patience: 'text' },
})`
  with moved as (
    update subscription_shares
    set cursor = ${'cursor'}, revision = revision + 1, until = clock_timestamp() + ${'lease'} * interval '1 ms', moved_at = now()
    where subscription = ${'subscription'}
      and share = ${'share'}
      and revision = ${'revision'}
    returning subscription, revision
  ), remembered as (
    insert into handled_events (subscription, branch, tick, events)
    select subscription, ${'branch'}, ${'tick'}, ${'events'}
    from moved
    where cardinality(${'events'}) > 0
  )
  select revision, exists (select from dead_letters where subscription = ${'subscription'}) as parked,
    set_config('idle_in_transaction_session_timeout', ${'patience'}, true) as patience
  from moved`
