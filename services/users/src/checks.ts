import { auth } from '@plaza/auth/contract'
import type { UserId } from '@plaza/kernel/contract'
import { sql, toId, toUuid, type Uuid } from '@plaza/kernel/data'
import type { Check, Kit, Looked } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'

/** People, or relations, looked at in one part; what others are asked of at once. */
const peopleAtOnce = 200
/** As the statements below say. */
const relationsAtOnce = 2_000
const askedAtOnce = 1_000
const lowest: Uuid = '00000000-0000-0000-0000-000000000000'

/** What `plaza verify` looks at. Between services a fact travels for a moment: what is not so 10 s later is broken. */
export function checksOf({ db, call }: Pick<Kit, 'db' | 'call'>): Readonly<Record<string, Check>> {
  return {
    counts: {
      promise: 'counts of followers, followed, blocked and muted equal the rows behind them',
      look: async (after = lowest) => {
        const rows = await wrongCounts.all(db, { after, limit: peopleAtOnce })
        return part(rows, peopleAtOnce)
      },
    },
    follows: {
      promise: 'every follow is with both people',
      look: async after => {
        const [side = 'follows', of = lowest, to = lowest] = after?.split(' ') ?? []
        const read = side === 'follows' ? lostFollowers : lostFollows
        const rows = await read.all(db, { of, to })
        const last = rows.at(-1)
        const goesOn = last !== undefined && rows.length === relationsAtOnce
        const turn = side === 'follows' ? 'followers' : null
        return {
          checked: rows.length,
          breaches: rows.flatMap(({ of, to, lost }) => {
            const [follower, followee] = side === 'follows' ? [of, to] : [to, of]
            const id = `${toId('user', follower)} ${toId('user', followee)}`
            return lost ? [{ id, detail: `stands in ${side} alone` }] : []
          }),
          next: goesOn ? `${side} ${last.of} ${last.to}` : turn,
        }
      },
    },
    'post-counts': {
      promise: 'the number of posts of each person is that of their posts',
      look: async (after = lowest, context) => {
        const rows = await postCounts.all(db, { after, limit: askedAtOnce })
        const people = rows.map(row => ({ id: toId('user', row.id), count: row.count }))
        const answer = await call(posts).countByAuthors({ ids: people.map(each => each.id) }, context)
        const there = new Map(answer.map(each => [each.id, each.count]))
        return {
          checked: rows.length,
          breaches: people
            .filter(({ id, count }) => count !== (there.get(id) ?? 0))
            .map(({ id, count }) => ({ id, detail: `says ${count} posts, has ${there.get(id) ?? 0}` })),
          next: rows.length === askedAtOnce ? rows.at(-1)!.id : null,
        }
      },
    },
    accounts: {
      promise: 'no account is without a profile',
      look: async (after, context) => {
        const { ids, next } = await call(auth).accountIds(after ? { after: after as UserId } : {}, context)
        const found = new Set((await withProfile.all(db, { ids: ids.map(toUuid) })).map(row => row.id))
        const lost = ids.filter(id => !found.has(toUuid(id)))
        return { checked: ids.length, breaches: lost.map(id => ({ id, detail: 'has no profile' })), next }
      },
    },
    profiles: {
      promise: 'no profile is without an account',
      look: async (after = lowest, context) => {
        const rows = await profileIds.all(db, { after, limit: askedAtOnce })
        const ids = rows.map(row => toId('user', row.id))
        // Whoever is being erased has a standing to the last.
        const known = new Set((await call(auth).standings({ ids }, context)).map(each => each.id))
        return {
          checked: ids.length,
          breaches: ids.filter(id => !known.has(id)).map(id => ({ id, detail: 'has no account' })),
          next: ids.length === askedAtOnce ? rows.at(-1)!.id : null,
        }
      },
    },
  }
}

function part(rows: readonly { id: string; breach: string | null }[], size: number): Looked {
  return {
    checked: rows.length,
    breaches: rows.flatMap(({ id, breach }) =>
      breach === null ? [] : [{ id: toId('user', id), detail: breach }],
    ),
    next: rows.length === size ? rows.at(-1)!.id : null,
  }
}

const span = { after: 'uuid', limit: 'int4' } as const

const wrongCounts = sql({
  name: 'users.wrong-counts',
  params: span,
  row: { id: 'uuid', breach: 'text?' },
})`
  select id, case when said <> found then 'says ' || said || ', has ' || found end as breach
  from (
    select id, follower_count, following_count, blocking_count, muting_count
    from people
    where id > ${'after'}
    order by id
    limit ${'limit'}
  ) person
  cross join lateral (
    select
      format('%s followers, %s followed, %s blocked, %s muted',
        follower_count, following_count, blocking_count, muting_count) as said,
      format('%s followers, %s followed, %s blocked, %s muted',
        (select count(*) from followers where followee_id = person.id),
        (select count(*) from follows where follower_id = person.id),
        (select count(*) from blocks where blocker_id = person.id),
        (select count(*) from mutes where muter_id = person.id)) as found
  ) counts
  order by id`

// The limit is written out: a plan for any limit would sort the whole table.
const pair = { of: 'uuid', to: 'uuid' } as const
const pairRow = { of: 'uuid', to: 'uuid', lost: 'bool' } as const

const lostFollowers = sql({ name: 'users.lost-followers', params: pair, row: pairRow })`
  select follower_id as of, followee_id as to, others = 0 as lost
  from (
    select follower_id, followee_id, id
    from follows
    where (follower_id, followee_id) > (${'of'}, ${'to'})
    order by follower_id, followee_id
    limit 2000
  ) part
  cross join lateral (
    select count(*) as others
    from followers
    where followers.followee_id = part.followee_id
      and followers.follower_id = part.follower_id
      and followers.id = part.id
  ) other
  order by follower_id, followee_id`

const lostFollows = sql({ name: 'users.lost-follows', params: pair, row: pairRow })`
  select followee_id as of, follower_id as to, others = 0 as lost
  from (
    select follower_id, followee_id, id
    from followers
    where (followee_id, follower_id) > (${'of'}, ${'to'})
    order by followee_id, follower_id
    limit 2000
  ) part
  cross join lateral (
    select count(*) as others
    from follows
    where follows.follower_id = part.follower_id
      and follows.followee_id = part.followee_id
      and follows.id = part.id
  ) other
  order by followee_id, follower_id`

// Everybody, and who is counted without being anybody.
const postCounts = sql({ name: 'users.post-counts', params: span, row: { id: 'uuid', count: 'int4' } })`
  select id, coalesce(post_count, 0) as count
  from (
    (select id from people where id > ${'after'} order by id limit ${'limit'})
    union
    (select user_id from post_counts where user_id > ${'after'} order by user_id limit ${'limit'})
    order by id
    limit ${'limit'}
  ) part
  left join post_counts on user_id = id
  order by id`

const withProfile = sql({ name: 'users.with-profile', params: { ids: 'uuid[]' }, row: { id: 'uuid' } })`
  select id
  from profiles
  join people using (id)
  where id = any(${'ids'})`

const profileIds = sql({ name: 'users.profile-ids', params: span, row: { id: 'uuid' } })`
  select id
  from profiles
  where id > ${'after'}
  order by id
  limit ${'limit'}`
