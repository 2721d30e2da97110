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
  json_build_object('id', u.id, 'username', u.username, 'displayName', u.display_name, 'avatarUrl', null) as author`
const statements = {
  home: `select ${columns} from (
      select x.* from (
        select followee_id as id from follows where follower_id = $1 union all select $1::uuid
      ) f cross join lateral (
        select * from posts where author_id = f.id order by id desc limit 20
      ) x
      order by x.id desc limit 20
    ) p join users u on u.id = p.author_id order by p.id desc`,
  one: `select ${columns} from posts p join users u on u.id = p.author_id where p.id = $1`,
  latest: `select ${columns} from (
      select * from posts where visibility = 'public' order by id desc limit 20
    ) p join users u on u.id = p.author_id order by p.id desc`,
  ofAuthor: `select ${columns} from (
      select * from posts where author_id = $1 order by id desc limit 20
    ) p join users u on u.id = p.author_id order by p.id desc`,
  create: `with p as (
      insert into posts (id, author_id, text, tags, visibility, created_at, version)
      values ($1, $2, $3, '{}', 'public', now(), 1) returning *
    ) select ${columns} from p join users u on u.id = p.author_id`,
}

const rows = async (name: keyof typeof statements, values: unknown[]) =>
  (await pool.query({ name, text: statements[name], values })).rows.map(row => ({
    ...row,
    mentions: [],
    media: [],
    products: [],
    replyTo: null,
    likeCount: 0,
    replyCount: 0,
    repostCount: 0,
  }))
const page = async (name: keyof typeof statements, values: unknown[]) => {
  const items = await rows(name, values)
  return { items, nextCursor: items.at(-1)?.id ?? null, prevCursor: items[0]?.id ?? null }
}

interface Asked {
  Params: { id: string }
  Querystring: { viewer: string }
  Body: { text: string }
}

app.get<Asked>('/timelines/home', request => page('home', [request.query.viewer]))
app.get<Asked>('/timelines/public', () => page('latest', []))
app.get<Asked>('/users/:id/posts', request => page('ofAuthor', [request.params.id]))
app.get<Asked>('/posts/:id', async request => (await rows('one', [request.params.id]))[0])
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
