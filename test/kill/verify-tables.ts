import assert from 'node:assert/strict'
import type pg from 'pg'
import type { Ledger } from './ledger.ts'

const services = ['auth', 'users', 'posts', 'timelines', 'search', 'moderation', 'privacy', 'analytics']

/** Throws unless the server writes to the disk before it says so, for every role. */
export async function assertDurable(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')",
  )
  assert.deepEqual(Object.fromEntries(rows.map(each => [each.name, each.setting])), {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
  })
  const { rows: overrides } = await client.query(
    "select setconfig from pg_db_role_setting where setconfig::text ~ 'fsync|synchronous'",
  )
  assert.deepEqual(overrides, [], 'a role or database has settings of its own')
}

/** Looks at the tables as their owner, beneath every service: logs against what they say happened, and nothing stuck or doubled. */
export async function verifyTables(client: pg.Client, ledger: Ledger, admins: number): Promise<void> {
  const { members, posts, deleted, edits, follows, likes, ghosts, erased, ghostPosts, erasedPosts } =
    ledger.totals
  const everybody = members + admins + ghosts
  const count = async (query: string) =>
    Number((await client.query<{ n: string }>(`select count(*) as n ${query}`)).rows[0]!.n)
  const events = (service: string, type: string) => count(`from ${service}.events where type = '${type}'`)
  const wanted: readonly [string, number, number][] = [
    ['accounts', await count('from auth.accounts'), everybody - erased],
    ['events of accounts', await events('auth', 'registered'), everybody],
    [
      'accounts without a profile',
      await count('from auth.accounts a where not exists (select from users.profiles p where p.id = a.id)'),
      0,
    ],
    [
      'profiles without an account',
      await count('from users.profiles p where not exists (select from auth.accounts a where a.id = p.id)'),
      0,
    ],
    // One when it is made, one when it is erased.
    ['events of profiles', await events('users', 'profileChanged'), everybody + erased],
    [
      'posts',
      await count("from posts.posts where visibility <> 'gone'"),
      posts - deleted + ghostPosts - erasedPosts,
    ],
    ['places of deleted posts', await count("from posts.posts where visibility = 'gone'"), ledger.tombstones],
    ['events of posts', await events('posts', 'posted'), posts + ghostPosts],
    ['keys of posts', await count('from posts.idempotency_keys'), posts + ghostPosts - erasedPosts],
    ['events of deletions', await events('posts', 'deleted'), deleted + erasedPosts],
    ['likes', await count('from posts.likes'), likes],
    ['likes by their events', (await events('posts', 'liked')) - (await events('posts', 'unliked')), likes],
    ['wrong counts of likes and answers', await count(wrongCounts), 0],
    ['events of edits', await events('posts', 'edited'), edits],
    ['follows', await count('from users.follows'), follows],
    [
      'follows that only one side has',
      await count(
        'from users.follows f full join users.followers g using (follower_id, followee_id) where f.id is null or g.id is null',
      ),
      0,
    ],
    [
      'follows by their events',
      (await events('users', 'followed')) - (await events('users', 'unfollowed')),
      follows,
    ],
    ['wrong counts of follows', await count(wrongFollowCounts), 0],
    ['wrong counts of posts', await count(wrongPostCounts), 0],
  ]
  for (const [what, found, expected] of wanted) assert.equal(found, expected, what)
  for (const service of services) await verifyLog(client, service)
}

/** Whoever was answered that they will be erased is gone in the end, whatever died meanwhile. */
export async function verifyErased(client: pg.Client, { ghosts }: Ledger): Promise<void> {
  const erased = ghosts.filter(each => each.erased).map(each => each.username)
  const { rows } = await client.query('select username from auth.accounts where username = any($1)', [erased])
  assert.deepEqual(rows, [], 'accounts that were to be erased')
}

async function verifyLog(client: pg.Client, service: string): Promise<void> {
  const none = async (what: string, query: string) => {
    const { rows } = await client.query(query)
    assert.deepEqual(rows, [], `${service}: ${what}`)
  }
  await none('dead letters', `select * from ${service}.dead_letters limit 5`)
  await none(
    'streams with a gap, or a version twice',
    `select stream, count(*), max(version) from ${service}.events
     group by stream
     having count(*) <> max(version) or count(distinct version) <> count(*) limit 5`,
  )
  await none(
    'streams whose version is not that of their events',
    `select s.stream, s.version from ${service}.streams s
     where s.version <> (select count(*) from ${service}.events e where e.stream = s.stream) limit 5`,
  )
  await none(
    'events of one stream that turned round',
    `select * from (
       select stream, position, version, lag(position) over (partition by stream order by version) as before
       from ${service}.events) as e
     where before > position limit 5`,
  )
  await none('events twice', `select id from ${service}.events group by id having count(*) > 1 limit 5`)
}

const wrongFollowCounts = `from users.people p
  where follower_count <> (select count(*) from users.follows where followee_id = p.id)
    or following_count <> (select count(*) from users.follows where follower_id = p.id)`

const wrongPostCounts = `from users.profiles p
  left join users.post_counts c on c.user_id = p.id
  where coalesce(c.post_count, 0) <>
    (select count(*) from posts.posts where author_id = p.id and reply_to is null)`

const wrongCounts = `from posts.posts p
  left join posts.post_counts c on c.post_id = p.id
  where p.visibility <> 'gone'
    and (coalesce(c.likes, 0) <> (select count(*) from posts.likes where post_id = p.id)
      or coalesce(c.replies, 0) <>
        (select count(*) from posts.posts r where r.reply_to = p.id and r.visibility <> 'gone'))`
