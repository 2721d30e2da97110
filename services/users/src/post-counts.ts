import type { UserId } from '@plaza/kernel/contract'
import { sql, type Tx, toUuid } from '@plaza/kernel/data'

const counts = new WeakMap<Tx, Map<UserId, number>>()

/** Adds to a person's post count. All additions of one transaction are one statement, its rows locked in the order of their ids. */
export function addToPostCount(tx: Tx, userId: UserId, change: number): void {
  let sums = counts.get(tx)
  if (sums === undefined) {
    const added = new Map<UserId, number>()
    tx.beforeCommit(() => write(tx, added))
    counts.set(tx, added)
    sums = added
  }
  sums.set(userId, (sums.get(userId) ?? 0) + change)
}

async function write(tx: Tx, sums: ReadonlyMap<UserId, number>): Promise<void> {
  const sorted = [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1))
  await add.run(tx, { ids: sorted.map(([id]) => toUuid(id)), counts: sorted.map(([, sum]) => sum) })
}

const add = sql({ name: 'users.add-to-post-counts', params: { ids: 'uuid[]', counts: 'int4[]' } })`
  insert into post_counts (user_id, post_count)
  select *
  from unnest(${'ids'}, ${'counts'})
  on conflict (user_id) do update
  set post_count = post_counts.post_count + excluded.post_count`
