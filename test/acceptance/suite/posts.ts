import assert from 'node:assert/strict'
import { expectProblem, expectStatus } from '../expectations.ts'
import { type Edit, idShape, type Page, type Post, timeShape } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

const nothing = 'post_01h455vb4pex5vsknk084sn02q'
const fields =
  'id author text tags mentions media products replyTo visibility likeCount replyCount repostCount createdAt editedAt'.split(
    ' ',
  )

export const posts: Cases = {
  'a post has all that is promised, and is read back as it was answered': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'Hello, #Plaza!')
    assert.match(post.id, idShape('post'))
    assert.match(post.createdAt, timeShape)
    for (const field of fields) assert.ok(field in post, field)
    assert.deepEqual(post.author, {
      id: ana.id,
      username: ana.username,
      displayName: ana.username,
      avatarUrl: null,
    })
    assert.deepEqual(
      [post.text, post.tags, post.mentions, post.media, post.products],
      ['Hello, #Plaza!', ['plaza'], [], [], []],
    )
    assert.deepEqual([post.replyTo, post.visibility, post.editedAt], [null, 'public', null])
    assert.deepEqual([post.likeCount, post.replyCount, post.repostCount], [0, 0, 0])
    assert.deepEqual(await read(world, post, ana), post)
    const { liked, reposted, ...forAnybody } = post
    assert.deepEqual([liked, reposted], [false, false])
    assert.deepEqual(await read(world, post), forAnybody)
  },

  'text is kept as it is, in every script, up to 5,000 characters': async world => {
    const ana = await world.person()
    const texts = [
      'x'.repeat(5_000),
      '🍞'.repeat(5_000),
      ' leading, trailing \n\n',
      '\'); drop table posts;-- \\ " %s $x <script>alert(1)</script> &amp; \u2028 \u200f',
      '.',
    ]
    for (const text of texts) {
      const post = await world.post(ana, text)
      assert.equal(post.text, text)
      assert.equal((await read(world, post)).text, text)
    }
  },

  'a text that is none, too long or not text is refused, and nothing is posted': async world => {
    const ana = await world.person()
    const wrong: readonly [unknown, string][] = [
      [{}, '/text'],
      [{ text: '' }, '/text'],
      [{ text: 'x'.repeat(5_001) }, '/text'],
      [{ text: '🍞'.repeat(5_001) }, '/text'],
      [{ text: null }, '/text'],
      [{ text: 42 }, '/text'],
      [{ text: ['a'] }, '/text'],
      [{ text: 'a\u0000b' }, '/text'],
      [{ text: '\ud800' }, '/text'],
      [{ text: 'x', visibility: 'friends' }, '/visibility'],
      [{ text: 'x', visibility: null }, '/visibility'],
      [{ text: 'x', authorId: ana.id }, '/authorId'],
      [{ text: 'x', id: nothing }, '/id'],
      [{ text: 'x', createdAt: '2020-01-01T00:00:00Z' }, '/createdAt'],
      [{ text: 'x', likeCount: 1_000 }, '/likeCount'],
    ]
    for (const [body, pointer] of wrong)
      expectProblem(await world.api.post('/posts', body, { as: ana }), 400, 'invalid-input', pointer)
    expectProblem(await world.api.post('/posts', { text: 'x' }), 401, 'unauthenticated')
    assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [])
  },

  'tags are found in the text, each once, in lower case': async world => {
    const ana = await world.person()
    const text =
      '#Bread and #bread, #Brot-Zeit, #1 is no tag, a#b neither, https://plaza.example/#anchor, #日本'
    assert.deepEqual((await world.post(ana, text)).tags, ['bread', 'brot', '日本'])
  },

  'people are mentioned by username, those who are not there are not': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const text = `@${ben.username.toUpperCase()} and @nobody_${ben.username}, mail me@plaza.example`
    const post = await world.post(ana, text)
    assert.deepEqual(post.mentions, [{ id: ben.id, username: ben.username }])
  },

  'an edit changes the text, its tags and mentions, and keeps what was said': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const post = await world.post(ana, 'First #draft')
    assert.deepEqual(
      (await edits(world, post)).map(each => each.text),
      [],
    )
    const second = await edit(world, ana, post, `Second #version for @${ben.username}`)
    assert.equal(second.id, post.id)
    assert.equal(second.createdAt, post.createdAt)
    assert.match(String(second.editedAt), timeShape)
    assert.deepEqual(second.tags, ['version'])
    assert.deepEqual(second.mentions, [{ id: ben.id, username: ben.username }])
    assert.deepEqual(await read(world, post, ana), second)
    await edit(world, ana, post, 'Third')
    const history = await edits(world, post)
    assert.deepEqual(
      history.map(each => each.text),
      [`Second #version for @${ben.username}`, 'First #draft'],
    )
    assert.equal(history[1]?.writtenAt, post.createdAt)
    assert.equal(history[0]?.writtenAt, second.editedAt)
  },

  'editing somebody else’s post is 403 and changes nothing': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const post = await world.post(ana, 'Mine')
    const path = `/posts/${post.id}`
    expectProblem(await world.api.patch(path, { text: 'Yours' }, { as: ben }), 403, 'not-your-post')
    expectProblem(await world.api.delete(path, { as: ben }), 403, 'not-your-post')
    expectProblem(await world.api.patch(path, { text: 'Yours' }), 401, 'unauthenticated')
    expectProblem(await world.api.delete(path), 401, 'unauthenticated')
    assert.deepEqual(await read(world, post, ana), post)
    assert.deepEqual(await edits(world, post), [])
  },

  'a wrong edit is refused and changes nothing': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'Good')
    const wrong: readonly [unknown, string][] = [
      [{}, '/text'],
      [{ text: '' }, '/text'],
      [{ text: 'x'.repeat(5_001) }, '/text'],
      [{ text: 'a\u0000b' }, '/text'],
      [{ text: 'x', visibility: 'followers' }, '/visibility'],
      [{ text: 'x', id: post.id }, '/id'],
      [{ text: 'x', ifVersion: 1 }, '/ifVersion'],
    ]
    for (const [body, pointer] of wrong)
      expectProblem(
        await world.api.patch(`/posts/${post.id}`, body, { as: ana }),
        400,
        'invalid-input',
        pointer,
      )
    assert.deepEqual(await read(world, post, ana), post)
  },

  'a deleted post is gone at once, from every list, and deleting it again is the same as once':
    async world => {
      const [ana, ben] = await world.people('ana', 'ben')
      await world.follow(ben, ana)
      const tag = `t${ana.username}`
      const post = await world.post(ana, `Gone soon #${tag}`)
      for (const _ of [1, 2]) expectStatus(await world.api.delete(`/posts/${post.id}`, { as: ana }), 204)
      expectProblem(await world.api.get(`/posts/${post.id}`), 404, 'post-not-found')
      expectProblem(await world.api.get(`/posts/${post.id}/edits`), 404, 'post-not-found')
      expectProblem(
        await world.api.patch(`/posts/${post.id}`, { text: 'x' }, { as: ana }),
        404,
        'post-not-found',
      )
      assert.deepEqual(await world.texts(`/users/${ana.id}/posts`), [])
      assert.deepEqual(await world.texts('/timelines/home', ben), [])
      assert.deepEqual(await world.texts(`/tags/${tag}/posts`), [])
      expectProblem(await world.api.delete(`/posts/${post.id}`, { as: ben }), 404, 'post-not-found')
    },

  'there is no post with an id of nothing': async world => {
    const ana = await world.person()
    expectProblem(await world.api.get(`/posts/${nothing}`), 404, 'post-not-found')
    expectProblem(await world.api.get(`/posts/${nothing}/edits`), 404, 'post-not-found')
    expectProblem(
      await world.api.patch(`/posts/${nothing}`, { text: 'x' }, { as: ana }),
      404,
      'post-not-found',
    )
    expectProblem(await world.api.delete(`/posts/${nothing}`, { as: ana }), 404, 'post-not-found')
  },

  'a person’s posts are theirs alone, newest first, with and without replies': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    for (const text of ['one', 'two', 'three']) await world.post(ana, text)
    await world.post(ben, 'other')
    for (const query of ['', '?replies=true', '?replies=false'])
      assert.deepEqual(await world.texts(`/users/${ana.id}/posts${query}`), ['three', 'two', 'one'])
    expectProblem(
      await world.api.get(`/users/${ana.id}/posts?replies=perhaps`),
      400,
      'invalid-input',
      '/replies',
    )
  },

  'edits at the same moment all count, one after the other': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'edit 0')
    const texts = [1, 2, 3, 4, 5].map(n => `edit ${n}`)
    await Promise.all(texts.map(text => edit(world, ana, post, text)))
    const history = (await edits(world, post)).map(each => each.text)
    const current = (await read(world, post)).text
    assert.deepEqual([current, ...history].toSorted(), ['edit 0', ...texts])
  },
}

export const visibility: Cases = {
  'what is for followers is for followers and the author alone': async world => {
    const [ana, ben, eve] = await world.people('ana', 'ben', 'eve')
    await world.follow(ben, ana)
    const post = await world.post(ana, 'Just us', { visibility: 'followers' })
    assert.equal(post.visibility, 'followers')
    for (const who of [ana, ben]) {
      assert.equal((await read(world, post, who)).text, 'Just us')
      assert.deepEqual(await world.texts(`/users/${ana.id}/posts`, who), ['Just us'])
      assert.deepEqual(await world.texts('/timelines/home', who), ['Just us'])
    }
    for (const options of [{}, { as: eve }]) {
      expectProblem(await world.api.get(`/posts/${post.id}`, options), 404, 'post-not-found')
      expectProblem(await world.api.get(`/posts/${post.id}/edits`, options), 404, 'post-not-found')
      assert.deepEqual(await world.texts(`/users/${ana.id}/posts`, options.as), [])
    }
    // Who may not see it does not learn that it is there by trying to change it.
    expectProblem(
      await world.api.patch(`/posts/${post.id}`, { text: 'x' }, { as: eve }),
      404,
      'post-not-found',
    )
    expectProblem(await world.api.delete(`/posts/${post.id}`, { as: eve }), 404, 'post-not-found')
    expectProblem(
      await world.api.patch(`/posts/${post.id}`, { text: 'x' }, { as: ben }),
      403,
      'not-your-post',
    )
  },

  'what is for followers is in no public list, not even for followers': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    await world.follow(ben, ana)
    const tag = `t${ana.username}`
    await world.post(ana, `Just us #${tag}`, { visibility: 'followers' })
    const open = await world.post(ana, `All of you #${tag}`)
    for (const who of [undefined, ana, ben]) {
      assert.deepEqual(await world.texts(`/tags/${tag}/posts`, who), [open.text])
      const timeline = await world.texts('/timelines/public?limit=100', who)
      assert.ok(!timeline.includes(`Just us #${tag}`))
    }
  },

  'following shows what is for followers at once, unfollowing hides it at once': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const post = await world.post(ana, 'Just us', { visibility: 'followers' })
    expectProblem(await world.api.get(`/posts/${post.id}`, { as: ben }), 404, 'post-not-found')
    await world.follow(ben, ana)
    assert.equal((await read(world, post, ben)).text, 'Just us')
    assert.deepEqual(await world.texts('/timelines/home', ben), ['Just us'])
    expectStatus(await world.api.delete(`/users/${ana.id}/follow`, { as: ben }), 204)
    expectProblem(await world.api.get(`/posts/${post.id}`, { as: ben }), 404, 'post-not-found')
    assert.deepEqual(await world.texts('/timelines/home', ben), [])
  },

  'whoever is blocked sees no post of the blocker, and the blocker none of theirs, at once': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const [anas, bens] = [await world.post(ana, 'by ana'), await world.post(ben, 'by ben')]
    expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
    expectProblem(await world.api.get(`/posts/${anas.id}`, { as: ben }), 404, 'post-not-found')
    expectProblem(await world.api.get(`/posts/${bens.id}`, { as: ana }), 404, 'post-not-found')
    assert.equal((await read(world, anas)).text, 'by ana')
    expectStatus(await world.api.delete(`/users/${ben.id}/block`, { as: ana }), 204)
    assert.equal((await read(world, anas, ben)).text, 'by ana')
  },
}

async function read(world: World, { id }: Pick<Post, 'id'>, as?: Person): Promise<Post> {
  return expectStatus(await world.api.get<Post>(`/posts/${id}`, as && { as }), 200).body
}

async function edit(world: World, as: Person, { id }: Pick<Post, 'id'>, text: string): Promise<Post> {
  return expectStatus(await world.api.patch<Post>(`/posts/${id}`, { text }, { as }), 200).body
}

async function edits(world: World, { id }: Pick<Post, 'id'>): Promise<readonly Edit[]> {
  return expectStatus(await world.api.get<Page<Edit>>(`/posts/${id}/edits`), 200).body.items
}
