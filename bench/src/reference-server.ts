import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import pg from 'pg'

/**
 * What a good engineer would write by hand for the same answers: Fastify and `pg`, prepared statements, no validation, log-in, events or
 * fan-out. Started as `reference-server.ts DATABASE_URL POOL_SIZE`; prints its port.
 */
const [databaseUrl, poolSize] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString: databaseUrl, max: Number(poolSize) })
const app = Fastify()

const columns = `p.id, p.text, p.tags, p.visibility, p.created_at as "createdAt", p.edited_at as "editedAt", p.version,
  p.reply_to as "replyTo", p.like_count as "likeCount", p.reply_count as "replyCount", p.repost_count as "repostCount",
  json_build_object('id', u.id, 'username', u.username, 'displayName', u.display_name, 'avatarUrl', null) as author`
// Whether the one who asks likes it: $2 for the home of $1's own, else the last parameter.
const liked = (viewer: string) =>
  `exists (select from likes l where l.post_id = p.id and l.user_id = ${viewer}::uuid) as liked`
const statements = {
  home: `select ${columns}, ${liked('$1')} from (
      select x.* from (
        select followee_id as id from follows where follower_id = $1 union all select $1::uuid
      ) f cross join lateral (
        select * from posts where author_id = f.id and reply_to is null order by id desc limit 20
      ) x
      order by x.id desc limit 20
    ) p join users u on u.id = p.author_id order by p.id desc`,
  one: `select ${columns}, ${liked('$2')} from posts p join users u on u.id = p.author_id where p.id = $1`,
  latest: `select ${columns}, ${liked('$1')} from (
      select * from posts where visibility = 'public' and reply_to is null order by id desc limit 20
    ) p join users u on u.id = p.author_id order by p.id desc`,
  ofAuthor: `select ${columns}, ${liked('$2')} from (
      select * from posts where author_id = $1 and reply_to is null order by id desc limit 20
    ) p join users u on u.id = p.author_id order by p.id desc`,
  create: `with p as (
      insert into posts (id, author_id, text, tags, visibility, created_at, version)
      values ($1, $2, $3, '{}', 'public', now(), 1) returning *
    ) select ${columns} from p join users u on u.id = p.author_id`,
  like: `with liked as (
      insert into likes (post_id, user_id) values ($1, $2) on conflict do nothing returning post_id
    ) update posts set like_count = like_count + 1 where id = (select post_id from liked)`,
  unlike: `with gone as (
      delete from likes where post_id = $1 and user_id = $2 returning post_id
    ) update posts set like_count = like_count - 1 where id = (select post_id from gone)`,
  thread: `select ${columns}, ${liked('$2')} from posts p join users u on u.id = p.author_id
    where p.root_id = $1 order by p.id limit 100`,
  trending: `select ${columns}, ${liked('$1')} from (
      select * from posts where visibility = 'public' and reply_to is null order by like_count desc, id desc limit 20
    ) p join users u on u.id = p.author_id order by p.like_count desc, p.id desc`,
}

const rows = async (name: keyof typeof statements, values: unknown[]) =>
  (await pool.query({ name, text: statements[name], values })).rows.map(row => ({
    ...row,
    mentions: [],
    media: [],
    products: [],
  }))
const page = async (name: keyof typeof statements, values: unknown[]) => {
  const items = await rows(name, values)
  return { items, nextCursor: items.at(-1)?.id ?? null, prevCursor: items[0]?.id ?? null }
}

interface Asked {
  Params: { id: string }
  Querystring: { viewer?: string }
  Body: { text: string }
}

app.get<Asked>('/timelines/home', request => page('home', [request.query.viewer]))
const viewerOf = (request: { query: Asked['Querystring'] }) => request.query.viewer ?? null
app.get<Asked>('/timelines/public', request => page('latest', [viewerOf(request)]))
app.get<Asked>('/users/:id/posts', request => page('ofAuthor', [request.params.id, viewerOf(request)]))
app.get<Asked>('/posts/:id', async request => (await rows('one', [request.params.id, viewerOf(request)]))[0])
app.get<Asked>('/posts/:id/thread', async request => {
  const [[post], descendants] = await Promise.all([
    rows('one', [request.params.id, viewerOf(request)]),
    rows('thread', [request.params.id, viewerOf(request)]),
  ])
  return { ancestors: [], post, descendants, nextCursor: null, prevCursor: null }
})
app.get<Asked>('/trending/posts', request => page('trending', [viewerOf(request)]))
for (const [method, name] of [
  ['PUT', 'like'],
  ['DELETE', 'unlike'],
] as const)
  app.route<Asked>({
    method,
    url: '/posts/:id/like',
    handler: async (request, reply) => {
      await pool.query({ name, text: statements[name], values: [request.params.id, request.query.viewer] })
      return reply.code(204).send()
    },
  })
app.post<Asked>('/posts', async (request, reply) => {
  const [post] = await rows('create', [uuidv7(), request.query.viewer, request.body.text])
  return reply.code(201).send(post)
})

function uuidv7(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

await app.listen({ port: 0, host: '127.0.0.1' })
console.log(JSON.stringify({ port: (app.server.address() as { port: number }).port }))
