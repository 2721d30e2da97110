import { toUuid } from '@plaza/kernel/data'
import { concurrently } from '@plaza/plaza/concurrently'
import { reactionsTo } from '@plaza/plaza/demo-content'
import type pg from 'pg'
import type { Person } from './dataset.ts'
import { send } from './http.ts'

interface Written {
  readonly id: string
  readonly authorId: string
}

interface Answer extends Written {
  readonly text: string
  readonly replyTo: string
  readonly rootId: string
}

/** What people make of each other's posts. Likes and reposts are pairs of person and post. */
export interface Talk {
  readonly likes: readonly (readonly [string, string])[]
  readonly reposts: readonly (readonly [string, string])[]
  readonly answers: readonly Answer[]
  /** Posts with exactly 50 answers below them, five levels deep. */
  readonly threads: readonly string[]
}

const threadCount = 100
const threadSize = 50

/** Through the public API: friends like, repost and answer as in `npm run demo`; a hundred posts get threads of fifty answers. */
export async function loadTalk(
  url: string,
  people: readonly Person[],
  posts: readonly Written[],
): Promise<Talk> {
  const indexOf = new Map(people.map((person, n) => [person.id, n]))
  const deeds = posts.flatMap((post, i) => {
    const author = indexOf.get(post.authorId)!
    const k = Math.floor(i / people.length)
    return people[author]!.followers.map(who => ({ who, post, ...reactionsTo(who, author, k) }))
  })
  const put = (what: string) => (deed: (typeof deeds)[number]) =>
    send(url, 'PUT', `/api/v1/posts/${deed.post.id}/${what}`, { token: people[deed.who]!.accessToken })
  const [likes, reposts] = [deeds.filter(each => each.likes), deeds.filter(each => each.reposts)]
  await concurrently(likes, 64, put('like'))
  await concurrently(reposts, 64, put('repost'))
  const isThread = new Set(posts.slice(0, threadCount).map(each => each.id))
  const answers = await concurrently(
    deeds.filter(each => each.answers && !isThread.has(each.post.id)),
    64,
    ({ who, post }) => answer(url, people[who]!, post.id, post.id),
  )
  const threads = await concurrently(posts.slice(0, threadCount), 16, post => thread(url, people, post.id))
  const pair = ({ who, post }: (typeof deeds)[number]) => [people[who]!.id, post.id] as const
  return {
    likes: likes.map(pair),
    reposts: reposts.map(pair),
    answers: [...answers, ...threads.flat()],
    threads: [...isThread],
  }
}

async function thread(url: string, people: readonly Person[], root: string): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let n = 0; n < threadSize; n++) {
    // Ten at each of five levels; people in turn, so that blocks seldom stand between them.
    const above = n < 10 ? root : answers[n - 10]!.id
    for (let who = n * 7; answers.length === n; who++) {
      const made = await answer(url, people[who % people.length]!, above, root).catch(() => undefined)
      if (made !== undefined) answers.push(made)
    }
  }
  return answers
}

async function answer(url: string, person: Person, replyTo: string, rootId: string): Promise<Answer> {
  const text = 'I was about to say the same: come before noon, and bring a basket.'
  const made = await send(url, 'POST', `/api/v1/posts/${replyTo}/comments`, {
    token: person.accessToken,
    body: { text },
  })
  return { id: String(made.id), authorId: person.id, text, replyTo, rootId }
}

/** The same for the reference server. */
export async function copyTalk(client: pg.Client, talk: Talk): Promise<void> {
  await client.query('insert into likes (user_id, post_id) select * from unnest($1::uuid[], $2::uuid[])', [
    talk.likes.map(([who]) => toUuid(who)),
    talk.likes.map(([, post]) => toUuid(post)),
  ])
  await client.query(
    `insert into posts (id, author_id, text, tags, visibility, created_at, version, reply_to, root_id)
     select id, author, text, '{}', 'public', now(), 1, reply_to, root_id
     from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[]) as x(id, author, text, reply_to, root_id)`,
    [
      talk.answers.map(each => toUuid(each.id)),
      talk.answers.map(each => toUuid(each.authorId)),
      talk.answers.map(each => each.text),
      talk.answers.map(each => toUuid(each.replyTo)),
      talk.answers.map(each => toUuid(each.rootId)),
    ],
  )
  await client.query(`
    update posts p set like_count = n from (select post_id, count(*) n from likes group by 1) l where l.post_id = p.id;
    update posts p set reply_count = n from (select reply_to, count(*) n from posts group by 1) r where r.reply_to = p.id`)
  await client.query(
    `update posts p set repost_count = n
     from (select post, count(*) n from unnest($1::uuid[]) post group by 1) r where r.post = p.id`,
    [talk.reposts.map(([, post]) => toUuid(post))],
  )
}
