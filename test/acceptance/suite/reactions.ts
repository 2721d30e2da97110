import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Page, Post, Profile } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

const nothing = 'post_01h455vb4pex5vsknk084sn02q'

export const reactions: Cases = {
  'a like shows at once wherever I see the post, and its count within a second; twice is once':
    async world => {
      const [ana, ben] = await world.people('ana', 'ben')
      await world.follow(ben, ana)
      const tag = `l${ana.username}`
      const post = await world.post(ana, `like me #${tag}`)
      await eventually(async () => assert.equal((await world.texts('/timelines/home', ben)).length, 1))
      for (const wanted of [true, true, false, false, true]) {
        await react(world, wanted ? 'PUT' : 'DELETE', 'like', post, ben)
        for (const seen of await everywhere(world, post, tag, ben)) assert.equal(seen.liked, wanted)
        for (const seen of await everywhere(world, post, tag, ana)) assert.equal(seen.liked, false)
        await eventually(async () => {
          for (const seen of await everywhere(world, post, tag, ben))
            assert.equal(seen.likeCount, wanted ? 1 : 0)
          assert.equal((await read(world, post)).likeCount, wanted ? 1 : 0)
        })
      }
      assert.ok(!('liked' in (await read(world, post))))
    },

  'who likes a post is listed, the newest first, page by page': async world => {
    const [ana, ben, cleo, dora] = await world.people('ana', 'ben', 'cleo', 'dora')
    const post = await world.post(ana, 'like me')
    for (const each of [ben, cleo, dora]) await react(world, 'PUT', 'like', post, each)
    for (const limit of [1, 2, 100]) {
      const people = await world.all<Profile>(`/posts/${post.id}/likes`, limit, ana)
      assert.deepEqual(
        people.map(each => each.id),
        [dora.id, cleo.id, ben.id],
      )
    }
    expectStatus(await world.api.put(`/users/${cleo.id}/block`, undefined, { as: ben }), 204)
    const { body } = await world.api.get<Page<Profile>>(`/posts/${post.id}/likes`, { as: cleo })
    assert.deepEqual(
      body.items.map(each => each.username),
      [dora.username, cleo.username],
    )
  },

  'likes of many at the same moment are all counted, each once': async world => {
    const people = await Promise.all(Array.from({ length: 12 }, (_, n) => world.person(`p${n}`)))
    const post = await world.post(people[0]!, 'all at once')
    await Promise.all(people.flatMap(each => [1, 2, 3].map(() => react(world, 'PUT', 'like', post, each))))
    await eventually(async () => assert.equal((await read(world, post)).likeCount, people.length))
    await Promise.all(people.slice(4).map(each => react(world, 'DELETE', 'like', post, each)))
    await eventually(async () => assert.equal((await read(world, post)).likeCount, 4))
  },

  'what one cannot see cannot be liked or reposted: deleted, for followers, by somebody who blocks me':
    async world => {
      const [ana, ben] = await world.people('ana', 'ben')
      const deleted = await world.post(ana, 'deleted')
      expectStatus(await world.api.delete(`/posts/${deleted.id}`, { as: ana }), 204)
      const closed = await world.post(ana, 'for followers', { visibility: 'followers' })
      const open = await world.post(ana, 'open')
      expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
      for (const what of ['like', 'repost'])
        for (const id of [nothing, deleted.id, closed.id, open.id])
          expectProblem(
            await world.api.put(`/posts/${id}/${what}`, undefined, { as: ben }),
            404,
            'post-not-found',
          )
      for (const what of ['like', 'repost'])
        for (const method of ['PUT', 'DELETE'])
          expectProblem(await world.api.request(method, `/posts/${open.id}/${what}`), 401, 'unauthenticated')
      assert.deepEqual(
        (await world.api.get<Page<Profile>>(`/posts/${open.id}/likes`, { as: ana })).body.items,
        [],
      )
    },

  'a repost shows the original in the home of those who follow me, with my name and when, once':
    async world => {
      const [ana, ben, cleo, dora] = await world.people('ana', 'ben', 'cleo', 'dora')
      await Promise.all([world.follow(dora, ben), world.follow(dora, cleo)])
      const post = await world.post(ana, 'worth repeating')
      await react(world, 'PUT', 'repost', post, ben)
      await react(world, 'PUT', 'repost', post, ben)
      const own = await home(world, ben)
      assert.deepEqual(
        own.map(each => [each.id, each.reposted]),
        [[post.id, true]],
      )
      await eventually(async () => {
        const [seen, ...others] = await home(world, dora)
        assert.deepEqual(others, [])
        assert.equal(seen?.id, post.id)
        assert.equal(seen.author.id, ana.id)
        assert.equal(seen.repostedBy?.id, ben.id)
        assert.ok(Date.parse(seen.repostedAt!) >= Date.parse(post.createdAt))
        assert.equal(seen.reposted, false)
        assert.equal(seen.repostCount, 1)
      })
      await react(world, 'PUT', 'repost', post, cleo)
      await eventually(async () => assert.equal((await home(world, dora))[0]?.repostCount, 2))
      assert.equal((await home(world, dora)).length, 1)
      await react(world, 'DELETE', 'repost', post, ben)
      await react(world, 'DELETE', 'repost', post, cleo)
      await eventually(async () => assert.deepEqual(await home(world, dora), []))
      await eventually(async () => assert.equal((await read(world, post)).repostCount, 0))
    },

  'whom one follows or reposts is found page by page, each post once, the newest first': async world => {
    const [ana, ben, cleo] = await world.people('ana', 'ben', 'cleo')
    await world.follow(cleo, ben)
    const wanted: string[] = []
    for (let n = 0; n < 6; n++) {
      const post = await world.post(ana, `ana ${n}`)
      await react(world, 'PUT', 'repost', post, ben)
      wanted.unshift(post.id)
      wanted.unshift((await world.post(ben, `ben ${n}`)).id)
    }
    for (const limit of [1, 3, 5, 100])
      await eventually(async () => {
        const found = await world.all<Post>('/timelines/home', limit, cleo)
        assert.deepEqual(
          found.map(each => each.id),
          wanted,
        )
      })
  },

  'a repost is not there for who blocked the author or is blocked by them, and goes with the post':
    async world => {
      const [ana, ben, cleo] = await world.people('ana', 'ben', 'cleo')
      await world.follow(cleo, ben)
      const post = await world.post(ana, 'by ana')
      await react(world, 'PUT', 'repost', post, ben)
      await eventually(async () => assert.equal((await home(world, cleo)).length, 1))
      expectStatus(await world.api.put(`/users/${cleo.id}/block`, undefined, { as: ana }), 204)
      assert.deepEqual(await home(world, cleo), [])
      expectStatus(await world.api.delete(`/users/${cleo.id}/block`, { as: ana }), 204)
      await eventually(async () => assert.equal((await home(world, cleo)).length, 1))
      expectStatus(await world.api.delete(`/posts/${post.id}`, { as: ana }), 204)
      await eventually(async () => assert.deepEqual(await home(world, cleo), []))
    },

  'what is for followers cannot be reposted': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'for followers', { visibility: 'followers' })
    expectProblem(await world.api.put(`/posts/${post.id}/repost`, undefined, { as: ana }), 422, 'not-for-all')
    await react(world, 'PUT', 'like', post, ana)
  },
}

async function react(
  world: World,
  method: 'PUT' | 'DELETE',
  what: 'like' | 'repost',
  { id }: Pick<Post, 'id'>,
  as: Person,
): Promise<void> {
  expectStatus(await world.api.request(method, `/posts/${id}/${what}`, undefined, { as }), 204)
}

async function read(world: World, { id }: Pick<Post, 'id'>, as?: Person): Promise<Post> {
  return expectStatus(await world.api.get<Post>(`/posts/${id}`, as && { as }), 200).body
}

async function home(world: World, as: Person): Promise<readonly Post[]> {
  return expectStatus(await world.api.get<Page<Post>>('/timelines/home', { as }), 200).body.items
}

/** The post as every place shows it to somebody. */
async function everywhere(world: World, { id, author }: Post, tag: string, as: Person): Promise<Post[]> {
  const lists = ['/timelines/home', `/tags/${tag}/posts`, `/users/${author.id}/posts`]
  const pages = await Promise.all(lists.map(path => world.api.get<Page<Post>>(path, { as })))
  const listed = pages.map(({ body }) => body.items.find(each => each.id === id)!)
  return [...listed, await read(world, { id }, as)]
}
