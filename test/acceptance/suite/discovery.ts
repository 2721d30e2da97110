import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Page, Post, Profile } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

/** Trending and search: what one finds without knowing where it is. */
export const discovery: Cases = {
  'what many different people like trends above what one person pushes': async world => {
    const [ana, ben, ...others] = await world.people('ana', 'ben', 'c', 'd', 'e', 'f')
    const [pushed, loved] = [await world.post(ana, 'pushed'), await world.post(ben, 'loved')]
    for (let n = 0; n < 10; n++) {
      for (const method of ['PUT', 'DELETE', 'PUT'])
        expectStatus(
          await world.api.request(method, `/posts/${pushed.id}/like`, undefined, { as: others[0]! }),
          204,
        )
      await world.post(others[0]!, `again ${n}`, { replyTo: pushed.id })
    }
    for (const each of others)
      expectStatus(await world.api.put(`/posts/${loved.id}/like`, undefined, { as: each }), 204)
    for (const as of [undefined, ana])
      await eventually(async () => {
        const ids = (await trending(world, as)).map(each => each.id)
        assert.ok(ids.includes(loved.id), 'loved')
        assert.ok(!ids.includes(pushed.id) || ids.indexOf(loved.id) < ids.indexOf(pushed.id))
      })
  },

  'a trending post is shown after blocks, and is gone when deleted': async world => {
    const [ana, ben, cleo, dora] = await world.people('ana', 'ben', 'cleo', 'dora')
    const post = await world.post(ana, 'trending')
    for (const each of [ben, cleo, dora])
      expectStatus(await world.api.put(`/posts/${post.id}/like`, undefined, { as: each }), 204)
    const isThere = async (as?: Person) => (await trending(world, as)).some(each => each.id === post.id)
    for (const as of [undefined, ben]) await eventually(async () => assert.ok(await isThere(as)))
    expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
    assert.equal(await isThere(ben), false)
    expectStatus(await world.api.delete(`/posts/${post.id}`, { as: ana }), 204)
    for (const as of [undefined, cleo]) await eventually(async () => assert.equal(await isThere(as), false))
  },

  'tags that many people use trend': async world => {
    const people = await world.people('a', 'b', 'c', 'd')
    const tag = `trend${people[0].username}`
    for (const each of people) await world.post(each, `#${tag}`)
    for (let n = 0; n < 5; n++) await world.post(people[0], `#lonely${people[0].username}`)
    type Tag = { readonly tag: string }
    await eventually(async () => {
      const tags = await world.all<Tag>('/trending/tags', 100)
      const place = (name: string) => tags.findIndex(each => each.tag === name)
      assert.ok(place(tag) >= 0, JSON.stringify(tags).slice(0, 500))
      const lonely = place(`lonely${people[0].username}`)
      assert.ok(lonely < 0 || place(tag) < lonely)
    })
  },

  'a post is found by its words within a second, by its new ones after an edit, and not after deletion':
    async world => {
      const ana = await world.person()
      const word = `w${ana.username.replaceAll('_', '')}`
      const post = await world.post(ana, `the ${word} sings in the orchard`)
      const find = async (q: string) => (await searched<Post>(world, q)).map(each => each.id)
      await eventually(async () => assert.deepEqual(await find(word), [post.id]))
      assert.deepEqual(await find(`${word} orchard`), [post.id])
      assert.deepEqual(await find(`"orchard ${word}"`), [])
      assert.deepEqual(await find(`${word} -orchard`), [])
      expectStatus(
        await world.api.patch(`/posts/${post.id}`, { text: `no more, but ${word}x` }, { as: ana }),
        200,
      )
      await eventually(async () => assert.deepEqual(await find(word), []))
      await eventually(async () => assert.deepEqual(await find(`${word}x`), [post.id]))
      expectStatus(await world.api.delete(`/posts/${post.id}`, { as: ana }), 204)
      await eventually(async () => assert.deepEqual(await find(`${word}x`), []))
    },

  'words are found in their forms, and in scripts without spaces': async world => {
    const ana = await world.person()
    const word = `f${ana.username.replaceAll('_', '')}`
    const english = await world.post(ana, `${word} The bakers were running through the markets this morning`)
    const chinese = await world.post(ana, `${word} 今天我们去市场买新鲜的面包和苹果`)
    const find = async (q: string) => (await searched<Post>(world, q)).map(each => each.id)
    await eventually(async () => assert.deepEqual(await find(`${word} baker running market`), [english.id]))
    await eventually(async () => assert.deepEqual(await find('新鲜的面包'), [chinese.id]))
  },

  'search shows only what the one who asks may see, with likes and counts as everywhere': async world => {
    const [ana, ben, cleo] = await world.people('ana', 'ben', 'cleo')
    const word = `v${ana.username.replaceAll('_', '')}`
    await world.follow(ben, ana)
    const closed = await world.post(ana, `${word} closed`, { visibility: 'followers' })
    const open = await world.post(ana, `${word} open`)
    expectStatus(await world.api.put(`/posts/${open.id}/like`, undefined, { as: ben }), 204)
    const find = async (as?: Person) =>
      (await searched<Post>(world, word, 'posts', as)).map(each => each.id).sort()
    await eventually(async () => assert.deepEqual(await find(ben), [closed.id, open.id].sort()))
    await eventually(async () => assert.deepEqual(await find(cleo), [open.id]))
    assert.deepEqual(await find(), [open.id])
    const seen = await searched<Post>(world, `${word} open`, 'posts', ben)
    assert.equal(seen[0]?.liked, true)
    expectStatus(await world.api.put(`/users/${cleo.id}/block`, undefined, { as: ana }), 204)
    assert.deepEqual(await find(cleo), [])
  },

  'people are found by the beginning of their names, page by page': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    const name = `Zed${ana.username.replaceAll('_', '')}`
    for (const each of [ana, ben])
      expectStatus(
        await world.api.patch('/users/me', { displayName: `${name} ${each.username}` }, { as: each }),
        200,
      )
    const find = async (q: string, as?: Person) =>
      (await searched<Profile>(world, q, 'users', as)).map(each => each.id)
    await eventually(async () => assert.deepEqual((await find(name)).sort(), [ana.id, ben.id].sort()))
    await eventually(async () => assert.equal((await find(ana.username.slice(0, -1)))[0], ana.id))
    const paged = await world.all<Profile>(`/search?type=users&q=${name}`, 1)
    assert.deepEqual(paged.map(each => each.id).sort(), [ana.id, ben.id].sort())
    expectStatus(await world.api.put(`/users/${ben.id}/block`, undefined, { as: ana }), 204)
    await eventually(async () => assert.deepEqual(await find(name, ben), [ben.id]))
  },

  'results are paged to the end, each once': async world => {
    const ana = await world.person()
    const word = `p${ana.username.replaceAll('_', '')}`
    const written: string[] = []
    for (let n = 0; n < 23; n++) written.push((await world.post(ana, `${word} number ${n}`)).id)
    for (const limit of [5, 23, 100])
      await eventually(async () => {
        const found = await world.all<Post>(`/search?q=${word}`, limit)
        assert.deepEqual(found.map(each => each.id).sort(), written)
      })
  },

  'odd searches are answered, wrong ones refused': async world => {
    const ask = (q: string, more = '') =>
      world.api.get<Page<Post>>(`/search?q=${encodeURIComponent(q)}${more}`)
    for (const q of [
      'the',
      'the and of',
      '"',
      '""',
      '"unclosed',
      '-',
      '- -',
      'OR',
      'or or',
      '& | ! ( )',
      "'; --",
      ':*',
      '\\',
      '%',
      '🍞',
      'a'.repeat(200),
    ])
      expectStatus(await ask(q), 200)
    for (const q of ['', 'x'.repeat(201), 'word '.repeat(2_000)])
      expectProblem(await ask(q), 400, 'invalid-input', '/q')
    expectProblem(await ask('word '.repeat(10_000)), 431, 'header-too-large')
    expectProblem(await world.api.get('/search'), 400, 'invalid-input', '/q')
    expectProblem(await ask('x', '&type=orders'), 400, 'invalid-input', '/type')
    const ana = await world.person()
    for (let n = 0; n < 2; n++) await world.post(ana, `cursor${ana.username.replaceAll('_', '')} ${n}`)
    await eventually(async () => {
      const { body } = await ask(`cursor${ana.username.replaceAll('_', '')}`, '&limit=1')
      expectProblem(await ask('another', `&cursor=${body.nextCursor}`), 400, 'invalid-cursor')
    })
  },
}

async function trending(world: World, as?: Person): Promise<Post[]> {
  return world.all<Post>('/trending/posts', 100, as)
}

async function searched<T>(world: World, q: string, type = 'posts', as?: Person): Promise<readonly T[]> {
  const path = `/search?type=${type}&q=${encodeURIComponent(q)}`
  return expectStatus(await world.api.get<Page<T>>(path, as && { as }), 200).body.items
}
