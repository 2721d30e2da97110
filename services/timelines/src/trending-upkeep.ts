import { type Db, lowestIdAt, sql, type Tx, toUuid } from '@plaza/kernel/data'
import type { JobHandlers, RunningJob } from '@plaza/kernel/jobs'
import type { Kit } from '@plaza/kernel/service'
import { voiceAt } from './trending-score.ts'
import { addUp, forgetUses, useColumns } from './trending-store.ts'
import { keptFor } from './trending-voices.ts'

interface Hour {
  /** Epoch ms. */
  readonly dueAt: number
}

const kind = 'trending-upkeep'
const hour = 3_600_000
/** Rows dropped by one transaction: it must hold nobody up. */
const perStep = 1_000

/** Once an hour, on one instance: drops what is too old to be heard. */
export function trendingUpkeep({ db, jobs }: Pick<Kit, 'db' | 'jobs'>) {
  // The key names the hour: instances that start order it once, and the one that runs can order the next.
  const order = (tx: Tx, after: number) => {
    const dueAt = (Math.floor(after / hour) + 1) * hour
    return jobs.add(tx, { kind, data: { dueAt } satisfies Hour, key: new Date(dueAt).toISOString(), dueAt })
  }
  const handlers: JobHandlers = {
    [kind]: async ({ dueAt }: Hour, { context: { signal } }: RunningJob) => {
      // First, and committed: an hour that fails must not be the last. By the job's own hour, for clocks differ.
      await db.transaction(tx => order(tx, Math.max(Date.now(), dueAt)))
      return dropOld(db, Math.min(Date.now(), dueAt) - keptFor, signal)
    },
  }
  return { begin: () => db.transaction(tx => order(tx, Date.now())), handlers }
}

/** Drops the voices and uses of tags from before `time` (epoch ms), and forgets what is long gone: step by step, each leaving all sums right. */
export async function dropOld(db: Db, time: number, signal: AbortSignal) {
  const untilDone = async (step: (tx: Tx) => Promise<number>) => {
    let dropped = 0
    for (let rows = perStep; rows === perStep; dropped += rows) {
      signal.throwIfAborted()
      rows = await db.transaction(step)
    }
    return dropped
  }
  const floor = voiceAt(time)
  const before = toUuid(lowestIdAt(time))
  return {
    voices: await untilDone(tx => dropOldVoices(tx, floor)),
    uses: await untilDone(async tx => forgetUses(tx, await oldUses.all(tx, { before, limit: perStep }))),
    gone: await untilDone(tx => forgetGone.run(tx, { limit: perStep })),
  }
}

async function dropOldVoices(tx: Tx, floor: number): Promise<number> {
  const old = await oldVoices.all(tx, { floor, limit: perStep })
  if (old.length === 0) return 0
  const wanted = [...new Set(old.map(row => row.subject))]
  // What went while this waited for it is another's affair: a sum of what is not locked would miss who speaks meanwhile.
  const subjects = (await lockTrends.all(tx, { subjects: wanted })).map(row => row.subject)
  const locked = new Set(subjects)
  const held = old.filter(row => locked.has(row.subject))
  const people = held.map(row => row.person_id)
  await deleteVoices.run(tx, { subjects: held.map(row => row.subject), people, floor })
  await addUp(tx, subjects)
  return old.length
}

const oldVoices = sql({
  name: 'timelines.old-voices',
  params: { floor: 'float8', limit: 'int4' },
  row: { subject: 'text', person_id: 'uuid' },
})`
  select subject, person_id
  from voices
  where voice < ${'floor'}
  order by voice
  limit ${'limit'}`

const lockTrends = sql({
  name: 'timelines.lock-trends',
  params: { subjects: 'text[]' },
  row: { subject: 'text' },
})`
  select subject
  from trends
  where subject = any(${'subjects'})
  order by subject
  for update`

// Once more by age: one of them may speak again meanwhile.
const deleteVoices = sql({
  name: 'timelines.delete-voices',
  params: { subjects: 'text[]', people: 'uuid[]', floor: 'float8' },
})`
  delete from voices v
  using unnest(${'subjects'}, ${'people'}) old (subject, person_id)
  where v.subject = old.subject and v.person_id = old.person_id and v.voice < ${'floor'}`

const oldUses = sql({
  name: 'timelines.old-tag-uses',
  params: { before: 'uuid', limit: 'int4' },
  row: useColumns,
})`
  select post_id, tag, person_id
  from tag_posts
  where post_id < ${'before'}
  order by post_id, tag
  limit ${'limit'}`

const forgetGone = sql({ name: 'timelines.forget-gone-trends', params: { limit: 'int4' } })`
  delete from trends
  where subject = any(array(
    select subject
    from trends
    where gone_at < now() - interval '1 hour'
    order by gone_at
    limit ${'limit'}
    for update skip locked
  ))`
