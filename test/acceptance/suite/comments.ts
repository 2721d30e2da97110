import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Page, Post, Profile, Thread } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

const nothing = 'post_01h455vb4pex5vsknk084sn02q'

export const comments: Cases = {
  'a comment is a post with replyTo, read back at once, by either of the two ways to write it':
    async world => {
      const [ana, ben] = await world.people('ana', 'ben')
      const post = await world.post(ana, 'what do you think?')
      const one = await answer(world, ben, post, `I like it, @${ana.username}`)
      const two = await world.post(ben, 'more', { replyTo: post.id })
      for (const each of [one, two]) {
        assert.equal(each.replyTo, post.id)
        assert.equal(each.author.id, ben.id)
        assert.deepEqual(await read(world, each, ben), each)
      }
      assert.deepEqual(one.mentions, [{ id: ana.id, username: ana.username }])
      assert.deepEqual(await commentsOf(world, post, ana), [`I like it, @${ana.username}`, 'more'])
      await eventually(async () => assert.equal((await read(world, post)).replyCount, 2))
    },

  'direct answers are listed oldest first, page by page, and a thread has all below in one request':
    async world => {
      const [ana, ben] = await world.people('ana', 'ben')
      const post = await world.post(ana, 'root')
      const first = await answer(world, ben, post, '1')
      const below = await answer(world, ana, first, '1.1')
      const deeper = await answer(world, ben, below, '1.1.1')
      await answer(world, ana, post, '2')
      await answer(world, ben, post, '3')
      for (const limit of [1, 2, 3, 100]) {
        const found = await world.all<Post>(`/posts/${post.id}/comments`, limit, ana)
        assert.deepEqual(
          found.map(each => each.text),
          ['1', '2', '3'],
        )
      }
      const whole = await thread(world, post)
      assert.deepEqual([whole.ancestors, whole.post.id], [[], post.id])
      assert.deepEqual(textsOf(whole.descendants), ['1', '1.1', '1.1.1', '2', '3'])
      const part = await thread(world, below, ben)
      assert.deepEqual(textsOf(part.ancestors), ['root', '1'])
      assert.deepEqual(textsOf(part.descendants), ['1.1.1'])
      assert.equal(part.descendants[0]?.replyTo, below.id)
      assert.deepEqual(textsOf((await thread(world, deeper)).ancestors), ['root', '1', '1.1'])
    },

  'a long thread is paged, each answer once': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'root')
    for (let n = 0; n < 25; n++) await answer(world, ana, post, `answer ${n}`)
    const read: string[] = []
    for (let cursor: string | null = '', n = 0; cursor !== null && n < 10; n++) {
      const path: string = `/posts/${post.id}/thread?limit=10${cursor && `&cursor=${cursor}`}`
      const { body } = expectStatus(await world.api.get<Thread>(path), 200)
      read.push(...textsOf(body.descendants))
      cursor = body.nextCursor
    }
    assert.deepEqual(
      read,
      Array.from({ length: 25 }, (_, n) => `answer ${n}`),
    )
  },

  'comments stand in threads and under ?replies=true only': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const tag = `c${ana.username}`
    await world.follow(ben, ana)
    const post = await world.post(ana, `root #${tag}`)
    await answer(world, ana, post, `comment #${tag}`)
    const last = await world.post(ana, 'last')
    await eventually(async () =>
      assert.deepEqual(await world.texts('/timelines/home', ben), [last.text, post.text]),
    )
    assert.deepEqual(await world.texts('/timelines/home', ana), [last.text, post.text])
    assert.deepEqual(await world.texts(`/tags/${tag}/posts`), [post.text])
    assert.ok(!(await world.texts('/timelines/public?limit=100')).includes(`comment #${tag}`))
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [last.text, post.text])
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts?replies=true`), [
      last.text,
      `comment #${tag}`,
      post.text,
    ])
    await eventually(async () => {
      const { body } = await world.api.get<Profile>(`/users/${ana.id}`)
      assert.equal(body.postCount, 2)
    })
  },

  'what one cannot see cannot be answered: deleted, for followers, by somebody who blocks me':
    async world => {
      const [ana, ben] = await world.people('ana', 'ben')
      const deleted = await world.post(ana, 'deleted')
      expectStatus(await world.api.delete(`/posts/${deleted.id}`, { as: ana }), 204)
      const closed = await world.post(ana, 'for followers', { visibility: 'followers' })
      const open = await world.post(ana, 'open')
      expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
      for (const id of [nothing, deleted.id, closed.id, open.id]) {
        expectProblem(
          await world.api.post(`/posts/${id}/comments`, { text: 'x' }, { as: ben }),
          404,
          'post-not-found',
        )
        expectProblem(
          await world.api.post('/posts', { text: 'x', replyTo: id }, { as: ben }),
          404,
          'post-not-found',
        )
        expectProblem(await world.api.get(`/posts/${id}/comments`, { as: ben }), 404, 'post-not-found')
        expectProblem(await world.api.get(`/posts/${id}/thread`, { as: ben }), 404, 'post-not-found')
      }
      assert.deepEqual(await world.texts(`/users/${ben.id}/posts?replies=true`), [])
      expectProblem(await world.api.post(`/posts/${open.id}/comments`, { text: 'x' }), 401, 'unauthenticated')
      expectProblem(
        await world.api.post(`/posts/${open.id}/comments`, { text: '' }, { as: ana }),
        400,
        'invalid-input',
        '/text',
      )
    },

  'a deleted post with answers leaves its place and nothing else; without answers, nothing': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const root = await world.post(ana, 'root')
    const middle = await answer(world, ben, root, 'words that must not stay')
    const leaf = await answer(world, ana, middle, 'leaf')
    expectStatus(await world.api.delete(`/posts/${middle.id}`, { as: ben }), 204)
    expectProblem(await world.api.get(`/posts/${middle.id}`, { as: ben }), 404, 'post-not-found')
    const { text, body } = expectStatus(await world.api.get<Thread>(`/posts/${root.id}/thread`), 200)
    assert.ok(!text.includes('words that must not stay') && !text.includes(ben.username), text)
    assert.deepEqual(
      body.descendants.map(each => [each.id, each.deleted ?? false, each.text]),
      [
        [middle.id, true, ''],
        [leaf.id, false, 'leaf'],
      ],
    )
    assert.equal((await thread(world, leaf)).ancestors[1]?.deleted, true)
    assert.deepEqual(await commentsOf(world, root, ana), [])
    expectStatus(await world.api.delete(`/posts/${leaf.id}`, { as: ana }), 204)
    assert.deepEqual((await thread(world, root)).descendants, [])
    await eventually(async () => assert.equal((await read(world, root)).replyCount, 0))
  },

  'answers to what is for followers are for them, and its author sees every answer': async world => {
    const [ana, ben, eve] = await world.people('ana', 'ben', 'eve')
    await world.follow(ben, ana)
    const post = await world.post(ana, 'for followers', { visibility: 'followers' })
    const comment = await answer(world, ben, post, 'between us')
    assert.equal(comment.visibility, 'followers')
    assert.deepEqual(await commentsOf(world, post, ana), ['between us'])
    expectProblem(await world.api.get(`/posts/${comment.id}`, { as: eve }), 404, 'post-not-found')
    expectProblem(await world.api.get(`/posts/${comment.id}`), 404, 'post-not-found')
  },

  'a block hides each other’s comments in the threads of others, at once': async world => {
    const [ana, ben, cleo] = await world.people('ana', 'ben', 'cleo')
    const post = await world.post(cleo, 'root')
    await answer(world, ana, post, 'by ana')
    await answer(world, ben, post, 'by ben')
    expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
    assert.deepEqual(await commentsOf(world, post, ana), ['by ana'])
    assert.deepEqual(await commentsOf(world, post, ben), ['by ben'])
    assert.deepEqual(textsOf((await thread(world, post, ben)).descendants), ['by ben'])
    assert.deepEqual(await commentsOf(world, post, cleo), ['by ana', 'by ben'])
  },

  'a comment that is sent twice with one key is there once': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'root')
    const send = () =>
      world.api.post<Post>(`/posts/${post.id}/comments`, { text: 'once' }, { as: ana, key: 'only-once' })
    const answers = await Promise.all([send(), send(), send()])
    assert.equal(new Set(answers.map(each => expectStatus(each, 201).body.id)).size, 1)
    assert.deepEqual(await commentsOf(world, post, ana), ['once'])
    const elsewhere = await world.post(ana, 'another root')
    expectProblem(
      await world.api.post(
        `/posts/${elsewhere.id}/comments`,
        { text: 'once' },
        { as: ana, key: 'only-once' },
      ),
      422,
      'idempotency-key-reused',
    )
  },
}

async function answer(world: World, as: Person, { id }: Pick<Post, 'id'>, text: string): Promise<Post> {
  return expectStatus(await world.api.post<Post>(`/posts/${id}/comments`, { text }, { as }), 201).body
}

async function thread(world: World, { id }: Pick<Post, 'id'>, as?: Person): Promise<Thread> {
  return expectStatus(await world.api.get<Thread>(`/posts/${id}/thread`, as && { as }), 200).body
}

async function read(world: World, { id }: Pick<Post, 'id'>, as?: Person): Promise<Post> {
  return expectStatus(await world.api.get<Post>(`/posts/${id}`, as && { as }), 200).body
}

async function commentsOf(world: World, { id }: Pick<Post, 'id'>, as: Person): Promise<string[]> {
  const { body } = expectStatus(await world.api.get<Page<Post>>(`/posts/${id}/comments`, { as }), 200)
  return textsOf(body.items)
}

const textsOf = (posts: readonly Post[]) => posts.map(each => each.text)
