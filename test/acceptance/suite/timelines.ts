import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Page, Post } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

export const timelines: Cases = {
  'home shows whom I follow and myself, newest first, and nobody else': async world => {
    const [ana, ben, cleo, eve] = await world.people('ana', 'ben', 'cleo', 'eve')
    await Promise.all([world.follow(ana, ben), world.follow(ana, cleo), world.follow(eve, ana)])
    for (const [author, text] of [
      [ben, 'ben 1'],
      [eve, 'eve 1'],
      [ana, 'ana 1'],
      [cleo, 'cleo 1'],
      [ben, 'ben 2'],
    ] as const)
      await world.post(author, text)
    await eventually(async () => {
      assert.deepEqual(await world.texts('/timelines/home', ana), ['ben 2', 'cleo 1', 'ana 1', 'ben 1'])
    })
    await eventually(async () => {
      assert.deepEqual(await world.texts('/timelines/home', eve), ['ana 1', 'eve 1'])
    })
    expectProblem(await world.api.get('/timelines/home'), 401, 'unauthenticated')
  },

  'my own post is in my home at once, each time': async world => {
    const ana = await world.person()
    for (let n = 1; n <= 30; n++) {
      await world.post(ana, `post ${n}`)
      assert.equal((await world.texts('/timelines/home?limit=1', ana))[0], `post ${n}`)
    }
  },

  'my edit and my deletion show in my home at once': async world => {
    const ana = await world.person()
    const post = await world.post(ana, 'first')
    await world.texts('/timelines/home', ana)
    expectStatus(await world.api.patch(`/posts/${post.id}`, { text: 'second' }, { as: ana }), 200)
    assert.deepEqual(await world.texts('/timelines/home', ana), ['second'])
    expectStatus(await world.api.delete(`/posts/${post.id}`, { as: ana }), 204)
    assert.deepEqual(await world.texts('/timelines/home', ana), [])
  },

  'others’ new posts, edits and deletions show in home within a second': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    await world.follow(ana, ben)
    // Ana's timeline is in memory from now on.
    assert.deepEqual(await world.texts('/timelines/home', ana), [])
    const post = await world.post(ben, 'news')
    await eventually(async () => assert.deepEqual(await world.texts('/timelines/home', ana), ['news']))
    expectStatus(await world.api.patch(`/posts/${post.id}`, { text: 'better news' }, { as: ben }), 200)
    await eventually(async () => assert.deepEqual(await world.texts('/timelines/home', ana), ['better news']))
    expectStatus(await world.api.delete(`/posts/${post.id}`, { as: ben }), 204)
    await eventually(async () => assert.deepEqual(await world.texts('/timelines/home', ana), []))
  },

  'a new follow shows older posts at once, in their place': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    await world.post(ben, 'ben, long ago')
    await world.post(ana, 'ana, later')
    await world.post(ben, 'ben, last')
    assert.deepEqual(await world.texts('/timelines/home', ana), ['ana, later'])
    await world.follow(ana, ben)
    assert.deepEqual(await world.texts('/timelines/home', ana), ['ben, last', 'ana, later', 'ben, long ago'])
  },

  'unfollowing hides at once, and following again shows at once': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    await world.post(ben, 'by ben')
    for (let round = 0; round < 5; round++) {
      await world.follow(ana, ben)
      assert.deepEqual(await world.texts('/timelines/home', ana), ['by ben'])
      expectStatus(await world.api.delete(`/users/${ben.id}/follow`, { as: ana }), 204)
      assert.deepEqual(await world.texts('/timelines/home', ana), [])
    }
  },

  'a mute hides in home at once and nowhere else it matters; unmuting shows at once': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const tag = `t${ben.username}`
    await world.follow(ana, ben)
    const post = await world.post(ben, `by ben #${tag}`)
    await eventually(async () => assert.equal((await world.texts('/timelines/home', ana)).length, 1))
    expectStatus(await world.api.put(`/users/${ben.id}/mute`, undefined, { as: ana }), 204)
    assert.deepEqual(await world.texts('/timelines/home', ana), [])
    assert.ok(!(await world.texts('/timelines/public?limit=100', ana)).includes(post.text))
    // Who looks for them finds them, and they never learn of it.
    expectStatus(await world.api.get(`/posts/${post.id}`, { as: ana }), 200)
    assert.deepEqual(await world.texts(`/users/${ben.id}/posts`, ana), [post.text])
    expectStatus(await world.api.get(`/users/${ana.id}`, { as: ben }), 200)
    expectStatus(await world.api.delete(`/users/${ben.id}/mute`, { as: ana }), 204)
    assert.deepEqual(await world.texts('/timelines/home', ana), [post.text])
  },

  'a block hides both from each other in every timeline at once': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const tag = `t${ben.username}`
    await Promise.all([world.follow(ana, ben), world.follow(ben, ana)])
    const [anas, bens] = [await world.post(ana, `by ana #${tag}`), await world.post(ben, `by ben #${tag}`)]
    await eventually(async () => assert.equal((await world.texts('/timelines/home', ana)).length, 2))
    await eventually(async () => assert.equal((await world.texts('/timelines/home', ben)).length, 2))
    expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
    for (const [who, own, other] of [
      [ana, anas, bens],
      [ben, bens, anas],
    ] as const) {
      assert.deepEqual(await world.texts('/timelines/home', who), [own.text])
      assert.deepEqual(await world.texts(`/tags/${tag}/posts`, who), [own.text])
      assert.ok(!(await world.texts('/timelines/public?limit=100', who)).includes(other.text))
    }
    expectStatus(await world.api.delete(`/users/${ben.id}/block`, { as: ana }), 204)
    await eventually(async () => {
      assert.deepEqual(await world.texts(`/tags/${tag}/posts`, ana), [bens.text, anas.text])
    })
  },

  'paging home to its end gives every post exactly once, whatever the size of the page': async world => {
    const [ana, ben, cleo] = await world.people('ana', 'ben', 'cleo')
    await Promise.all([world.follow(ana, ben), world.follow(ana, cleo)])
    const written: string[] = []
    for (let n = 0; n < 20; n++)
      written.push(
        ...(await Promise.all([ana, ben, cleo].map(who => world.post(who, `${who.username} ${n}`)))).map(
          each => each.id,
        ),
      )
    const wanted = written.toSorted().toReversed()
    await eventually(async () => {
      const { body } = await world.api.get<Page<Post>>('/timelines/home?limit=100', { as: ana })
      assert.deepEqual(idsOf(body), wanted)
    })
    for (const limit of [1, 7, 20, 59, 60, 61, 100])
      assert.deepEqual(idsOf({ items: await world.all<Post>('/timelines/home', limit, ana) }), wanted)
  },

  'posts written while somebody pages down are neither missed nor given twice': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    await world.follow(ana, ben)
    const before = []
    for (let n = 0; n < 30; n++) before.push((await world.post(ben, `before ${n}`)).id)
    await eventually(async () =>
      assert.equal((await world.texts('/timelines/home?limit=100', ana)).length, 30),
    )
    const read: string[] = []
    for (let cursor: string | null = '', n = 0; cursor !== null; n++) {
      const path: string = `/timelines/home?limit=4${cursor && `&cursor=${cursor}`}`
      const { body } = expectStatus(await world.api.get<Page<Post>>(path, { as: ana }), 200)
      read.push(...idsOf(body))
      cursor = body.nextCursor
      await world.post(ben, `meanwhile ${n}`)
    }
    assert.deepEqual(read, before.toReversed())
  },

  'prevCursor gives what is newer, and nothing twice': async world => {
    const ana = await world.person()
    for (const text of ['one', 'two', 'three']) await world.post(ana, text)
    for (const path of ['/timelines/home', `/users/${ana.id}/posts`]) {
      const top = await page(world, path, 2, ana)
      assert.deepEqual(textsOf(top), ['three', 'two'])
      const nothingNew = await page(world, path, 2, ana, top.prevCursor)
      assert.deepEqual(nothingNew.items, [])
      const next = await page(world, path, 2, ana, top.nextCursor)
      assert.deepEqual(textsOf(next), ['one'])
      assert.equal(next.nextCursor, null)
      assert.deepEqual(textsOf(await page(world, path, 2, ana, next.prevCursor)), ['three', 'two'])
      const fresh = [await world.post(ana, 'four'), await world.post(ana, 'five')]
      const news = await page(world, path, 10, ana, nothingNew.prevCursor)
      assert.deepEqual(idsOf(news), fresh.map(each => each.id).toReversed())
      for (const each of fresh) expectStatus(await world.api.delete(`/posts/${each.id}`, { as: ana }), 204)
    }
  },

  'catching up page by page by prevCursor gives all that came, each once': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    await world.follow(ana, ben)
    await world.post(ben, 'before')
    const top = await eventually(async () => {
      const found = await page(world, '/timelines/home', 20, ana)
      assert.equal(found.items.length, 1)
      return found
    })
    const fresh: string[] = []
    for (let n = 0; n < 25; n++) fresh.push((await world.post(ben, `news ${n}`)).id)
    const caughtUp: string[] = []
    let cursor = top.prevCursor
    await eventually(async () => {
      const found = await page(world, '/timelines/home', 7, ana, cursor)
      cursor = found.prevCursor
      caughtUp.push(...idsOf(found))
      assert.equal(caughtUp.length, fresh.length)
    })
    assert.deepEqual(caughtUp.toSorted(), fresh.toSorted())
  },

  'the public timeline has everybody’s public posts, newest first, for anybody': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const wanted = [
      await world.post(ana, 'public 1'),
      await world.post(ben, 'public 2'),
      await world.post(ana, 'public 3'),
    ]
    await eventually(async () => {
      const { body } = expectStatus(await world.api.get<Page<Post>>('/timelines/public?limit=100'), 200)
      const ids = idsOf(body)
      assert.deepEqual(ids, ids.toSorted().toReversed())
      assert.deepEqual(
        ids.filter(id => wanted.some(each => each.id === id)),
        wanted.map(each => each.id).toReversed(),
      )
      assert.ok(body.items.every(each => each.visibility === 'public' && !('liked' in each)))
    })
  },

  'paging the public timeline down gives no post twice and skips none of mine': async world => {
    const ana = await world.person()
    const mine: string[] = []
    for (let n = 0; n < 12; n++) mine.push((await world.post(ana, `mine ${n}`)).id)
    await eventually(async () => {
      const read: string[] = []
      for (let cursor: string | null = null, n = 0; n < 40 && !read.includes(mine[0]!); n++) {
        const found: Page<Post> = await page(world, '/timelines/public', 5, undefined, cursor)
        read.push(...idsOf(found))
        cursor = found.nextCursor
        if (cursor === null) break
      }
      assert.equal(new Set(read).size, read.length)
      assert.deepEqual(
        read.filter(id => mine.includes(id)),
        mine.toReversed(),
      )
    })
  },

  'a tag has the public posts with it, in whatever case, newest first': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const tag = `Täg${ana.username}`
    const wanted = [await world.post(ana, `one #${tag}`), await world.post(ben, `two #${tag.toUpperCase()}`)]
    await world.post(ana, `#${tag}x is another tag`)
    for (const written of [tag, tag.toLowerCase(), tag.toUpperCase()])
      await eventually(async () => {
        const posts = await world.all<Post>(`/tags/${encodeURIComponent(written)}/posts`, 1)
        assert.deepEqual(idsOf({ items: posts }), wanted.map(each => each.id).toReversed())
      })
    assert.deepEqual(await world.texts(`/tags/none_${ana.username}/posts`), [])
  },

  'a tag that an edit took away or brought is left or entered within a second': async world => {
    const ana = await world.person()
    const [before, after] = [`b${ana.username}`, `a${ana.username}`]
    const post = await world.post(ana, `#${before}`)
    await eventually(async () => assert.deepEqual(await world.texts(`/tags/${before}/posts`), [`#${before}`]))
    expectStatus(await world.api.patch(`/posts/${post.id}`, { text: `#${after}` }, { as: ana }), 200)
    await eventually(async () => assert.deepEqual(await world.texts(`/tags/${before}/posts`), []))
    await eventually(async () => assert.deepEqual(await world.texts(`/tags/${after}/posts`), [`#${after}`]))
  },

  'an empty home is an empty list': async world => {
    const ana = await world.person()
    const { body } = expectStatus(await world.api.get<Page<Post>>('/timelines/home', { as: ana }), 200)
    assert.deepEqual([body.items, body.nextCursor], [[], null])
  },
}

const idsOf = ({ items }: Pick<Page<Post>, 'items'>) => items.map(each => each.id)
const textsOf = ({ items }: Page<Post>) => items.map(each => each.text)

async function page(
  world: World,
  path: string,
  limit: number,
  as?: Person,
  cursor?: string | null,
): Promise<Page<Post>> {
  const at = cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''
  return expectStatus(await world.api.get<Page<Post>>(`${path}?limit=${limit}${at}`, as && { as }), 200).body
}
