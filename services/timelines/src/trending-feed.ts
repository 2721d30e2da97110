import { newContext } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { newUuid, type Tx } from '@plaza/kernel/data'
import { type EventOf, type SharedSubscription, sharedWithFacts } from '@plaza/kernel/events'
import type { Kit } from '@plaza/kernel/service'
import { type PostFacts, posts } from '@plaza/posts/contract'
import {
  addUses,
  addVoices,
  countSaid,
  dropEmpty,
  findUses,
  findVoices,
  lockSubjects,
  markGone,
  removeUses,
  type TagUse,
} from './trending-store.ts'
import {
  asksOf,
  type Facts,
  heardTypes,
  mayTrend,
  newVoices,
  type PostsEvent,
  type Subject,
  saidSince,
  type Voice,
  type Work,
  workOf,
} from './trending-voices.ts'

type AnyHeard = EventOf<typeof posts, (typeof heardTypes)[number]>

/** Feeds what trends from the log of posts: each event has its effect once, five times a second in batches. */
export function trendingFeed(kit: Pick<Kit, 'call' | 'cache'>): SharedSubscription {
  const ask = factsFinder(kit)
  return sharedWithFacts(
    'trending',
    posts,
    heardTypes,
    events => ask(events as readonly AnyHeard[] as readonly PostsEvent[]),
    (events, tx, facts) =>
      giveVoices(tx, workOf(events as readonly AnyHeard[] as readonly PostsEvent[], facts)),
    { pace: 200 },
  )
}

/**
 * Whether a post may trend, and who wrote it, changes by its deletion alone. So it is remembered, for less time than `trends` remembers what is
 * gone: who likes a post that everybody likes asks nobody.
 */
function factsFinder({ call, cache }: Pick<Kit, 'call' | 'cache'>) {
  const authors = cache.of<UserId | null>({
    name: 'timelines.may-trend',
    maxEntries: 50_000,
    freshFor: 600_000,
  })
  const byIds = (ids: readonly PostId[]): Promise<readonly PostFacts[]> => {
    if (ids.length === 0) return Promise.resolve([])
    const context = newContext({ requestId: newUuid(0), deadline: Date.now() + 10_000 })
    return call(posts).byIds({ ids: [...ids] }, context)
  }
  return async (events: readonly PostsEvent[]): Promise<Facts> => {
    const { spokenFor, written } = asksOf(events)
    const [found, writers] = await Promise.all([
      byIds(written),
      authors.getMany(spokenFor, async ids => {
        const facts = await byIds(ids as readonly PostId[])
        return new Map(facts.map(each => [each.id as string, mayTrend(each) ? each.authorId : null]))
      }),
    ])
    return {
      written: new Map(found.map(each => [each.id, each])),
      authors: new Map(spokenFor.flatMap((id, i) => (writers[i] ? [[id, writers[i]]] : []))),
    }
  }
}

/** Has the effect of a batch. Everything it changes is locked first, so that what it reads afterwards holds. */
export async function giveVoices(tx: Tx, { voices, tagged, gone }: Work): Promise<void> {
  const changed = [...tagged.keys()]
  const wanted: TagUse[] = changed.flatMap(post => {
    const { person, tags } = tagged.get(post)!
    return tags.map(tag => ({ post, tag, person }))
  })
  const before = changed.length === 0 ? [] : await findUses(tx, changed)
  const subjects = new Map<Subject, UserId | null>(gone)
  for (const { subject, author } of voices) subjects.set(subject, author)
  for (const { tag } of [...before, ...wanted]) subjects.set(`#${tag}`, null)
  if (subjects.size === 0) return
  const open = await lockSubjects(tx, subjects)
  const added = await addUses(tx, wanted)
  const removed = before.filter(({ post, tag }) => !tagged.get(post)!.tags.includes(tag))
  await removeUses(tx, removed)
  const spoken = await hear(tx, [
    ...voices.filter(({ subject }) => open.has(subject)),
    ...added.map(({ post, tag, person }) => ({ subject: `#${tag}`, person, at: tagged.get(post)!.at })),
  ])
  await addVoices(tx, spoken, added)
  if (gone.size > 0) await markGone.run(tx, { subjects: [...gone.keys()] })
  const heard = new Set(spoken.map(({ subject }) => subject))
  const silent = [...open].filter(subject => !heard.has(subject))
  if (silent.length > 0) await dropEmpty.run(tx, { subjects: silent })
}

async function hear(tx: Tx, voices: readonly Voice[]) {
  if (voices.length === 0) return []
  const people = [...new Set(voices.map(({ person }) => person))]
  const since = saidSince(Math.min(...voices.map(({ at }) => at)))
  return newVoices(voices, await findVoices(tx, voices), await countSaid(tx, people, since))
}
