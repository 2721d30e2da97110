import type { JobId, PostId, UserId } from '@plaza/kernel/contract'
import { type Tx, toUuid } from '@plaza/kernel/data'
import type { JobHandlers, RunningJob } from '@plaza/kernel/jobs'
import type { Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'
import { findGone, type Slot } from './index-state.ts'
import { ownContext } from './on-events.ts'
import { putPeople } from './person-index.ts'
import { postDocuments, putPosts } from './post-index.ts'
import {
  beginBuilding,
  clearDocuments,
  clearGone,
  clearPeople,
  findBuild,
  liveRows,
  lockBuild,
  setAfterPerson,
  setAfterPost,
  swap,
} from './rebuild-store.ts'
import type { Stems } from './stems.ts'

const kind = 'rebuild'
const sweepKind = 'sweep'
/** Posts or people read and written at a time. Events wait meanwhile: some 100 ms. */
const pageSize = 200
/** Rows deleted by one transaction. */
const clearedAtOnce = 2_000
/** Ms in which searches that looked for the live place before the swap have ended. */
const sweepAfter = 20_000

/**
 * Builds the index anew beside the one in use, and swaps them. From `beginBuilding` on, events write to both places; the filling reads everything there
 * is, in the order of ids, and puts it there unless something newer is there already or it went meanwhile. How far it is stands in the table: killed, it
 * goes on from there.
 */
export function rebuilding(given: Pick<Kit, 'db' | 'call' | 'jobs'>, stems: Stems) {
  const { db, jobs } = given
  const kit = { ...given, stems }
  // One key: two that are asked for at once are one.
  const order = (tx: Tx): Promise<JobId> => jobs.add(tx, { kind, data: null, key: kind })
  const handlers: JobHandlers = {
    [kind]: async (_data: null, job: RunningJob) => {
      const slot = await begin(kit, job)
      for (const fill of [fillPosts, fillPeople])
        while (await fill(kit, slot)) {
          job.context.signal.throwIfAborted()
          const { filled } = (await findBuild.one(db, {})) as { filled: number }
          const { total } = await liveRows.one(db, {})
          await job.progress(filled, Math.max(filled, total))
        }
      return job.finish(async tx => {
        const { filled } = await lockBuild.one(tx, {})
        if ((await swap.run(tx, { slot })) === 0) throw new Error('Another run of the rebuild has swapped')
        await jobs.add(tx, { kind: sweepKind, data: null, key: sweepKind, dueAt: Date.now() + sweepAfter })
        return { filled }
      })
    },
    [sweepKind]: (_data: null, { context }: RunningJob) => clear(kit, context.signal),
  }
  return {
    handlers,
    rebuild: async () => ({ jobId: await db.transaction(order) }),
    /** What was written before the log begins is in no event: an index that was never filled is. */
    begin: async () => {
      const { complete } = await findBuild.one(db, {})
      if (!complete) await db.transaction(order)
    },
  }
}

type Parts = Pick<Kit, 'db' | 'call'>

/** The place that is being filled; when there is none, the one that is not live is emptied for it. */
async function begin(kit: Parts, { context }: RunningJob): Promise<Slot> {
  for (;;) {
    const { building } = await findBuild.one(kit.db, {})
    if (building !== null) return building as Slot
    await clear(kit, context.signal)
    await beginBuilding.run(kit.db, {})
  }
}

/** Empties the place that is neither live nor being filled, step by step. */
async function clear({ db }: Parts, signal: AbortSignal): Promise<{ cleared: number }> {
  let cleared = 0
  for (let isMore = true; isMore; ) {
    signal.throwIfAborted()
    isMore = await db.transaction(async tx => {
      const { live, building } = await lockBuild.one(tx, {})
      if (building !== null) return false
      const step = { slot: 1 - live, limit: clearedAtOnce }
      const counts = [await clearDocuments.run(tx, step), await clearPeople.run(tx, step)]
      counts.push(await clearGone.run(tx, { limit: clearedAtOnce }))
      for (const count of counts) cleared += count
      return counts.some(count => count === clearedAtOnce)
    })
  }
  return { cleared }
}

/** Fills in the next page; false when there is none. */
async function fillPosts(
  { db, call, stems }: Parts & { readonly stems: Stems },
  slot: Slot,
): Promise<boolean> {
  const { after_post: after } = await findBuild.one(db, {})
  const page = await call(posts).pageAll(
    { limit: pageSize, ...(after !== null && { after: after as PostId }) },
    ownContext(),
  )
  if (page.length === 0) return false
  await fill(db, slot, after, 'after_post', await postDocuments(page, stems), async (tx, present) => {
    await putPosts(tx, [slot], present)
    await setAfterPost.run(tx, { after: page.at(-1)!.id, count: page.length })
  })
  return true
}

async function fillPeople({ db, call }: Parts, slot: Slot): Promise<boolean> {
  const { after_person: after } = await findBuild.one(db, {})
  const page = await call(users).pageAll(
    { limit: pageSize, ...(after !== null && { after: after as UserId }) },
    ownContext(),
  )
  if (page.length === 0) return false
  await fill(db, slot, after, 'after_person', page, async (tx, present) => {
    await putPeople(tx, [slot], present)
    await setAfterPerson.run(tx, { after: page.at(-1)!.id, count: page.length })
  })
  return true
}

// The lock on the state: no event is handled between the look at what went and the writing.
async function fill<F extends { readonly id: string }>(
  db: Kit['db'],
  slot: Slot,
  after: string | null,
  column: 'after_post' | 'after_person',
  page: readonly F[],
  put: (tx: Tx, present: readonly F[]) => Promise<void>,
): Promise<void> {
  await db.transaction(async tx => {
    const state = await lockBuild.one(tx, {})
    if (state.building !== slot) throw new Error('Another run of the rebuild has swapped')
    // Another run was here before: the next page says what is left.
    if (state[column] !== after) return
    const gone = await findGone(
      tx,
      page.map(({ id }) => toUuid(id)),
    )
    await put(
      tx,
      page.filter(({ id }) => !gone.has(toUuid(id))),
    )
  })
}
