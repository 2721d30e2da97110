import { auth } from '@plaza/auth/contract'
import { newContext } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { newUuid, type Tx, toUuid } from '@plaza/kernel/data'
import { type EventOf, type Subscription, shared, sharedWithFacts } from '@plaza/kernel/events'
import type { Kit } from '@plaza/kernel/service'
import { type Counts, posts } from '@plaza/posts/contract'
import { type PersonFacts, users } from '@plaza/users/contract'
import { lockSlots, noteGone } from './index-state.ts'
import { dropPeople, putPeople, setFollowers } from './person-index.ts'
import { dropPosts, type PostDocument, postDocuments, putPosts, setPopularity } from './post-index.ts'
import type { Stems } from './stems.ts'

/** Milliseconds between two transactions: what comes in a moment is indexed together. A post may be found a second after it was written. */
const postsPace = 200
const peoplePace = 100

const postTypes = ['posted', 'edited', 'deleted', 'hidden', 'counted'] as const
type PostEvent = EventOf<typeof posts, (typeof postTypes)[number]>
const personTypes = ['profileChanged', 'followed', 'unfollowed'] as const
type PersonEvent = EventOf<typeof users, (typeof personTypes)[number]>

/**
 * Keeps the index. What a post or profile says is asked for before the transaction, after the event was committed: so it is that text or a later
 * one, and what is not there any more is gone. If it goes after it was asked for, its own event comes later in the same stream.
 */
export function onEvents({ call }: Pick<Kit, 'call'>, stems: Stems): readonly Subscription[] {
  const findPosts = (ids: readonly PostId[]) =>
    inParts(ids, async part => postDocuments(await call(posts).byIds({ ids: part }, ownContext()), stems))
  const findPeople = (ids: readonly UserId[]) =>
    inParts(ids, part => call(users).byIds({ ids: part }, ownContext()))
  return [
    sharedWithFacts('posts', posts, postTypes, events => findPosts(written(events)), indexPosts, {
      pace: postsPace,
    }),
    sharedWithFacts('people', users, personTypes, events => findPeople(concerned(events)), indexPeople, {
      pace: peoplePace,
    }),
    shared('erased', auth, {
      erased: async ({ data: { userId } }, tx) => {
        const { isBuilding } = await lockSlots(tx)
        await forgetPeople(tx, [userId], isBuilding)
      },
    }),
  ]
}

async function indexPosts(
  events: readonly PostEvent[],
  tx: Tx,
  documents: readonly PostDocument[],
): Promise<void> {
  const { slots, isBuilding } = await lockSlots(tx)
  const found = new Map(documents.map(post => [post.id, post]))
  const gone = new Set(events.flatMap(each => (isEnd(each) ? each.data.postId : [])))
  for (const id of written(events)) if (!found.has(id)) gone.add(id)
  const present = written(events).flatMap(id => (gone.has(id) ? [] : found.get(id)!))
  await dropPosts(tx, [...gone])
  if (isBuilding) await noteGone(tx, [...gone].map(toUuid))
  await putPosts(tx, slots, present)
  const counts = new Map(events.flatMap(countsOf).map(each => [each.postId, each]))
  if (counts.size > 0) await setPopularity(tx, [...counts.values()])
}

async function indexPeople(
  events: readonly PersonEvent[],
  tx: Tx,
  facts: readonly PersonFacts[],
): Promise<void> {
  const { slots, isBuilding } = await lockSlots(tx)
  const found = new Map(facts.map(person => [person.id, person]))
  const changed = [...new Set(events.flatMap(each => (isProfile(each) ? each.data.userId : [])))]
  await forgetPeople(
    tx,
    changed.filter(id => !found.has(id)),
    isBuilding,
  )
  await putPeople(
    tx,
    slots,
    changed.flatMap(id => found.get(id) ?? []),
  )
  // Only of those who are there: a follow is in another stream than the end of whom it concerns, and must not bring them back.
  const followed = concerned(events).flatMap(id => found.get(id) ?? [])
  await setFollowers(tx, followed)
}

async function forgetPeople(tx: Tx, ids: readonly UserId[], isBuilding: boolean): Promise<void> {
  await dropPeople(tx, ids)
  if (isBuilding) await noteGone(tx, ids.map(toUuid))
}

const isProfile = (event: PersonEvent): event is EventOf<typeof users, 'profileChanged'> =>
  event.type === 'profileChanged'
const isEnd = (event: PostEvent): event is EventOf<typeof posts, 'deleted' | 'hidden'> =>
  event.type === 'deleted' || event.type === 'hidden'
const isWritten = (event: PostEvent): event is EventOf<typeof posts, 'posted' | 'edited'> =>
  event.type === 'posted' || event.type === 'edited'
const countsOf = (event: PostEvent): readonly Counts[] =>
  event.type === 'counted' ? (event as EventOf<typeof posts, 'counted'>).data.counts : []

const written = (events: readonly PostEvent[]): PostId[] => [
  ...new Set(events.flatMap(each => (isWritten(each) ? each.data.postId : []))),
]
const concerned = (events: readonly PersonEvent[]): UserId[] => [
  ...new Set(
    events.map(each =>
      isProfile(each)
        ? each.data.userId
        : (each as EventOf<typeof users, 'followed' | 'unfollowed'>).data.followeeId,
    ),
  ),
]

const partSize = 500

async function inParts<I, F>(ids: readonly I[], find: (part: I[]) => Promise<readonly F[]>): Promise<F[]> {
  const found: F[] = []
  for (let i = 0; i < ids.length; i += partSize) found.push(...(await find(ids.slice(i, i + partSize))))
  return found
}

/** Nobody's: it is asked for many events at once. */
export const ownContext = () => newContext({ requestId: newUuid(0), deadline: Date.now() + 10_000 })
