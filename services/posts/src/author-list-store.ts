import type { PostId, UserId } from '@plaza/kernel/contract'
import { type Db, lastUuid, sql, toId, toUuid } from '@plaza/kernel/data'

/** Part of one person's list. */
export interface AuthorSpan {
  readonly author: UserId
  readonly publicOnly: boolean
  /** Comments too. */
  readonly replies: boolean
  readonly direction: 'older' | 'newer'
  readonly from: PostId | undefined
  readonly limit: number
}

/** A post of a list, and its version at that moment. */
export interface Listed {
  readonly id: PostId
  readonly version: number
}

/** Parts of several people's lists, those of one kind in one query; in the order of the spans. */
export async function pagesOfAuthors(db: Db, spans: readonly AuthorSpan[]): Promise<(readonly Listed[])[]> {
  const pages: Listed[][] = spans.map(() => [])
  for (const { direction, replies, statement } of kindsOfLists) {
    const isOfKind = (span: AuthorSpan) => span.direction === direction && span.replies === replies
    const places = spans.flatMap((span, i) => (isOfKind(span) ? [i] : []))
    if (places.length === 0) continue
    const chosen = places.map(i => spans[i]!)
    const rows = await statement.all(db, {
      authors: chosen.map(span => toUuid(span.author)),
      publicOnly: chosen.map(span => span.publicOnly),
      froms: chosen.map(span => (span.from === undefined ? lastUuid : toUuid(span.from))),
      limits: chosen.map(span => span.limit),
    })
    for (const { place, id, version } of rows)
      pages[places[place - 1]!]!.push({ id: toId('post', id), version })
  }
  // Shared by all who asked for the same; frozen as a whole, for freezing each entry takes longer than reading it.
  return pages.map(page => Object.freeze(page))
}

const spans = {
  authors: 'uuid[]',
  publicOnly: 'bool[]',
  froms: 'uuid[]',
  limits: 'int4[]',
} as const
const listed = { place: 'int8', id: 'uuid', version: 'int4' } as const

const olderOfAuthors = sql({ name: 'posts.older-of-authors', params: spans, row: listed })`
  select place, found.id, found.version
  from unnest(${'authors'}, ${'publicOnly'}, ${'froms'}, ${'limits'})
    with ordinality as span (author, public_only, before, up_to, place)
  cross join lateral (
    select id, version
    from posts
    where author_id = author and id < before and reply_to is null
      and visibility in ('public', 'followers') and (visibility = 'public' or not public_only)
    order by author_id desc, id desc
    limit up_to
  ) found
  order by place, found.id desc`

const newerOfAuthors = sql({ name: 'posts.newer-of-authors', params: spans, row: listed })`
  select place, found.id, found.version
  from unnest(${'authors'}, ${'publicOnly'}, ${'froms'}, ${'limits'})
    with ordinality as span (author, public_only, after, up_to, place)
  cross join lateral (
    select id, version
    from posts
    where author_id = author and id > after and reply_to is null
      and visibility in ('public', 'followers') and (visibility = 'public' or not public_only)
    order by author_id, id
    limit up_to
  ) found
  order by place, found.id`

const olderWithReplies = sql({ name: 'posts.older-with-replies-of-authors', params: spans, row: listed })`
  select place, found.id, found.version
  from unnest(${'authors'}, ${'publicOnly'}, ${'froms'}, ${'limits'})
    with ordinality as span (author, public_only, before, up_to, place)
  cross join lateral (
    select id, version
    from (
        (
          select id, version
          from posts
          where author_id = author and id < before and reply_to is null
            and visibility in ('public', 'followers') and (visibility = 'public' or not public_only)
          order by author_id desc, id desc
          limit up_to
        )
        union all
        (
          select id, version
          from posts
          where author_id = author and id < before and reply_to is not null
            and visibility in ('public', 'followers') and (visibility = 'public' or not public_only)
          order by author_id desc, id desc
          limit up_to
        )
    ) both_kinds
    order by id desc
    limit up_to
  ) found
  order by place, found.id desc`

const newerWithReplies = sql({ name: 'posts.newer-with-replies-of-authors', params: spans, row: listed })`
  select place, found.id, found.version
  from unnest(${'authors'}, ${'publicOnly'}, ${'froms'}, ${'limits'})
    with ordinality as span (author, public_only, after, up_to, place)
  cross join lateral (
    select id, version
    from (
        (
          select id, version
          from posts
          where author_id = author and id > after and reply_to is null
            and visibility in ('public', 'followers') and (visibility = 'public' or not public_only)
          order by author_id, id
          limit up_to
        )
        union all
        (
          select id, version
          from posts
          where author_id = author and id > after and reply_to is not null
            and visibility in ('public', 'followers') and (visibility = 'public' or not public_only)
          order by author_id, id
          limit up_to
        )
    ) both_kinds
    order by id
    limit up_to
  ) found
  order by place, found.id`

const kindsOfLists = [
  { direction: 'older', replies: false, statement: olderOfAuthors },
  { direction: 'newer', replies: false, statement: newerOfAuthors },
  { direction: 'older', replies: true, statement: olderWithReplies },
  { direction: 'newer', replies: true, statement: newerWithReplies },
] as const
