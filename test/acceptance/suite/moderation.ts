import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import { idShape, type Page, type Post, type Report, type Thread } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

export const moderation: Cases = {
  'a report enters the queue of moderators, once however often it is made, and dismissing changes nothing else':
    async world => {
      const [ana, ben, mona] = await withModerator(world, 'ana', 'ben')
      const post = await world.post(ana, 'somebody dislikes this')
      const report = await reportPost(world, post, ben)
      assert.match(report.id, idShape('report'))
      assert.equal((await reportPost(world, post, ben)).id, report.id)
      const queued = (await queue(world, mona)).filter(each => each.postId === post.id)
      assert.deepEqual(
        queued.map(each => each.id),
        [report.id],
      )
      await resolve(world, mona, report, 'dismiss')
      assert.ok(!(await queue(world, mona)).some(each => each.id === report.id))
      assert.equal((await read(world, post)).text, post.text)
    },

  'what is hidden vanishes everywhere within a second': async world => {
    const [ana, ben, mona] = await withModerator(world, 'ana', 'ben')
    const word = `h${ana.username.replaceAll('_', '')}`
    await world.follow(ben, ana)
    const root = await world.post(ben, 'root')
    const post = await world.post(ana, `${word} #${word}`)
    const comment = await world.post(ana, `${word} below`, { replyTo: root.id })
    const lists = [
      '/timelines/home',
      '/timelines/public?limit=100',
      `/tags/${word}/posts`,
      `/users/${ana.id}/posts?replies=true`,
      `/search?q=${word}`,
    ]
    const ids = async () => {
      const found = await Promise.all(lists.map(path => world.api.get<Page<Post>>(path, { as: ben })))
      const { body } = await world.api.get<Thread>(`/posts/${root.id}/thread`, { as: ben })
      return [...found.flatMap(each => each.body.items), ...body.descendants].map(each => each.id)
    }
    await eventually(async () => {
      const found = await ids()
      assert.equal(found.filter(each => each === post.id).length, 5)
      assert.equal(found.filter(each => each === comment.id).length, 3)
    })
    for (const each of [post, comment]) await resolve(world, mona, await reportPost(world, each, ben), 'hide')
    await eventually(async () => {
      const found = await ids()
      assert.ok(!found.includes(post.id) && !found.includes(comment.id))
      for (const as of [undefined, ana, ben])
        for (const { id } of [post, comment])
          expectProblem(await world.api.get(`/posts/${id}`, as && { as }), 404, 'post-not-found')
    })
    expectProblem(
      await world.api.put(`/posts/${post.id}/like`, undefined, { as: ben }),
      404,
      'post-not-found',
    )
  },

  'who is suspended for a post is out, and everything of theirs vanishes within a second': async world => {
    const [ana, ben, mona] = await withModerator(world, 'ana', 'ben')
    const word = `s${ana.username.replaceAll('_', '')}`
    await world.follow(ben, ana)
    const root = await world.post(ben, 'root')
    const [bad, other] = [
      await world.post(ana, `${word} bad`),
      await world.post(ana, `${word} other #${word}`),
    ]
    await world.post(ana, `${word} comment`, { replyTo: root.id })
    await eventually(async () => assert.equal((await world.texts('/timelines/home', ben)).length, 3))
    await resolve(world, mona, await reportPost(world, bad, ben), 'suspend')
    await eventually(async () => {
      assert.deepEqual(await world.texts('/timelines/home', ben), ['root'])
      assert.deepEqual(await world.texts(`/tags/${word}/posts`), [])
      assert.deepEqual(await world.texts(`/search?q=${word}`, ben), [])
      assert.deepEqual(await world.texts(`/posts/${root.id}/comments`, ben), [])
      expectProblem(await world.api.get(`/posts/${other.id}`, { as: ben }), 404, 'post-not-found')
      expectProblem(await world.api.get(`/users/${ana.id}`, { as: ben }), 404, 'user-not-found')
      expectProblem(await world.api.get('/users/me', { as: ana }), 401, 'unauthenticated')
    })
    const login = { login: ana.email, password: ana.password }
    expectProblem(await world.api.post('/auth/login', login), 403, 'account-suspended')
    const admin = await world.admin()
    expectStatus(await world.api.delete(`/users/${ana.id}/suspension`, { as: admin }), 204)
    await eventually(async () =>
      assert.deepEqual(await world.texts('/timelines/home', ben), [other.text, 'root']),
    )
  },

  'a report is judged once: the same judgement again is the same, another is 409': async world => {
    const [ana, ben, mona] = await withModerator(world, 'ana', 'ben')
    const report = await reportPost(world, await world.post(ana, 'x'), ben)
    await resolve(world, mona, report, 'hide')
    await resolve(world, mona, report, 'hide')
    const other = await world.api.post(
      `/moderation/reports/${report.id}/resolve`,
      { action: 'dismiss' },
      { as: mona },
    )
    expectStatus(other, 409)
  },

  'reports and judgements that are none are refused': async world => {
    const [ana, ben, mona] = await withModerator(world, 'ana', 'ben')
    const post = await world.post(ana, 'x')
    const nothing = 'post_01h455vb4pex5vsknk084sn02q'
    expectProblem(
      await world.api.post(`/posts/${post.id}/report`, {}, { as: ben }),
      400,
      'invalid-input',
      '/reason',
    )
    expectProblem(
      await world.api.post(`/posts/${post.id}/report`, { reason: 'spam' }),
      401,
      'unauthenticated',
    )
    expectProblem(
      await world.api.post(`/posts/${nothing}/report`, { reason: 'spam' }, { as: ben }),
      404,
      'post-not-found',
    )
    const closed = await world.post(ana, 'x', { visibility: 'followers' })
    expectProblem(
      await world.api.post(`/posts/${closed.id}/report`, { reason: 'spam' }, { as: ben }),
      404,
      'post-not-found',
    )
    const report = await reportPost(world, post, ben)
    const path = `/moderation/reports/${report.id}/resolve`
    expectProblem(await world.api.post(path, { action: 'hide' }, { as: ana }), 403, 'forbidden')
    expectProblem(
      await world.api.post(path, { action: 'burn' }, { as: mona }),
      400,
      'invalid-input',
      '/action',
    )
    expectProblem(await world.api.get('/moderation/reports', { as: ben }), 403, 'forbidden')
    expectStatus(
      await world.api.post(
        '/moderation/reports/report_01h455vb4pex5vsknk084sn02q/resolve',
        { action: 'hide' },
        { as: mona },
      ),
      404,
    )
    assert.equal((await read(world, post)).text, 'x')
  },

  'judgements and changes of roles stand in the audit trail, for ops alone': async world => {
    const [ana, ben, mona] = await withModerator(world, 'ana', 'ben')
    const post = await world.post(ana, 'audited')
    await resolve(world, mona, await reportPost(world, post, ben), 'hide')
    const admin = await world.admin()
    type Entry = { readonly actor: string | null; readonly action: string; readonly target: string | null }
    await eventually(async () => {
      const { text, body } = expectStatus(
        await world.api.get<Page<Entry>>(`/ops/audit?actor=${mona.id}`, { as: admin }),
        200,
      )
      assert.ok(body.items.length > 0 && text.includes(post.id), text)
      const roles = expectStatus(
        await world.api.get<Page<Entry>>(`/ops/audit?target=${mona.id}`, { as: admin }),
        200,
      )
      assert.ok(
        roles.body.items.some(each => each.actor === admin.id),
        roles.text,
      )
    })
    expectProblem(await world.api.get('/ops/audit', { as: mona }), 403, 'forbidden')
  },
}

/** People, and a moderator after them. */
async function withModerator(world: World, ...names: [string, string]): Promise<[Person, Person, Person]> {
  const [admin, one, two, mona] = await Promise.all([
    world.admin(),
    world.person(names[0]),
    world.person(names[1]),
    world.person('mona'),
  ])
  const wanted = { roles: ['user', 'moderator'] }
  expectStatus(await world.api.put(`/users/${mona.id}/roles`, wanted, { as: admin }), 200)
  await eventually(async () => expectStatus(await world.api.get('/moderation/reports', { as: mona }), 200))
  return [one, two, mona]
}

async function reportPost(world: World, { id }: Pick<Post, 'id'>, as: Person): Promise<Report> {
  const body = { reason: 'spam', note: 'look at this' }
  return expectStatus(await world.api.post<Report>(`/posts/${id}/report`, body, { as }), 201).body
}

async function resolve(world: World, as: Person, { id }: Report, action: string): Promise<void> {
  expectStatus(
    await world.api.post(`/moderation/reports/${id}/resolve`, { action, note: 'seen' }, { as }),
    200,
  )
}

function queue(world: World, as: Person): Promise<Report[]> {
  return world.all<Report>('/moderation/reports', 100, as)
}

async function read(world: World, { id }: Pick<Post, 'id'>): Promise<Post> {
  return expectStatus(await world.api.get<Post>(`/posts/${id}`), 200).body
}
