import type { SuspendedPeople } from '@plaza/auth/contract'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, sql, toId, toUuid } from '@plaza/kernel/data'
import type { Kit } from '@plaza/kernel/service'
import type { TrendingTag } from './contract.ts'
import { rankOf, voiceAt } from './trending-score.ts'
import { keptFor } from './trending-voices.ts'

const maxPosts = 500
const maxTags = 200
/** Milliseconds. With the feed's pace, and the pages kept for those not logged in, it stays below the second that is promised. */
const freshFor = 150

/** A place in a list: the highest rank comes first, then the highest key. */
export interface Place {
  readonly rank: number
  /** A post's id, or a tag. */
  readonly key: string
}

export interface TopPost extends Place {
  readonly key: PostId
  readonly author: UserId
}

interface TopTag extends Place {
  readonly shown: TrendingTag
}

export interface TrendingTop {
  posts(): Promise<readonly TopPost[]>
  /** What only people say who are suspended is not among them. */
  tags(): Promise<readonly TopTag[]>
}

/** What trends most, in memory: read again when it is asked for and older than a moment, by one for all. */
export function trendingTop(
  { db, cache }: Pick<Kit, 'db' | 'cache'>,
  suspended: Pick<SuspendedPeople, 'ids'>,
): TrendingTop {
  const options = { maxEntries: 1, freshFor, staleFor: freshFor }
  const posts = cache.of<readonly TopPost[]>({ name: 'timelines.trending-posts', ...options })
  const tags = cache.of<readonly TopTag[]>({ name: 'timelines.trending-tags', ...options })
  return {
    posts: () => posts.get('top', () => readPosts(db)),
    tags: () => tags.get('top', () => readTags(db, suspended.ids)),
  }
}

/** What lies behind a place, or before it, the nearest first. The place's own row need not be there any more. */
export function beyond<T extends Place>(
  all: readonly T[],
  { towards, from }: { readonly towards: 'next' | 'prev'; readonly from: Place | undefined },
): readonly T[] {
  if (from === undefined) return all
  if (towards === 'next') return all.filter(each => inOrder(from, each) < 0)
  return all.filter(each => inOrder(each, from) < 0).reverse()
}

function inOrder(a: Place, b: Place): number {
  if (a.rank !== b.rank) return b.rank - a.rank
  return a.key === b.key ? 0 : a.key < b.key ? 1 : -1
}

/** What scores less than one voice of then is about to be dropped. */
const floorNow = () => voiceAt(Date.now() - keptFor)

// Ranks are rounded, so both lists are put in order once more.
async function readPosts(db: Db): Promise<TopPost[]> {
  const rows = await topPosts.all(db, { floor: floorNow(), limit: maxPosts })
  return rows
    .map(({ subject, score, author_id }) => ({
      rank: rankOf(score),
      key: subject as PostId,
      author: toId('user', author_id!),
    }))
    .sort(inOrder)
}

async function readTags(db: Db, suspended: ReadonlySet<UserId>): Promise<TopTag[]> {
  const people = [...suspended].map(toUuid)
  const rows = await topTags.all(db, { floor: floorNow(), suspended: people, limit: maxTags })
  return rows
    .map(({ subject, score, people_count, post_count }) => {
      const tag = subject.slice(1)
      // Frozen, so that its JSON is made once.
      const shown = Object.freeze({ tag, peopleCount: people_count, postCount: post_count })
      return { rank: rankOf(score), key: tag, shown }
    })
    .sort(inOrder)
}

const topPosts = sql({
  name: 'timelines.top-posts',
  params: { floor: 'float8', limit: 'int4' },
  row: { subject: 'text', author_id: 'uuid?', score: 'float8' },
})`
  select subject, author_id, score
  from trends
  where author_id is not null and gone_at is null and score > ${'floor'}
  order by score desc, subject desc
  limit ${'limit'}`

// Whom more people speak for than are suspended needs no look; behind the limit, a look ends at the first who is not suspended.
const topTags = sql({
  name: 'timelines.top-tags',
  params: { floor: 'float8', suspended: 'uuid[]', limit: 'int4' },
  row: { subject: 'text', score: 'float8', people_count: 'int4', post_count: 'int4' },
})`
  select subject, score, people_count, post_count
  from trends t
  where author_id is null and score > ${'floor'}
    and (people_count > cardinality(${'suspended'}) or (
      select true
      from voices v
      where v.subject = t.subject and v.person_id <> all(${'suspended'})
      limit 1
    ))
  order by score desc, subject
  limit ${'limit'}`
