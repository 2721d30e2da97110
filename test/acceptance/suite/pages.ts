import assert from 'node:assert/strict'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Answer } from '../http-answer.ts'
import type { Page, Post } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

export const pages: Cases = {
  'a list has 20 items unless another limit is asked for, and at most 100': async world => {
    const { ana, lists } = await someLists(world)
    for (const path of lists) {
      const usual = expectStatus(await world.api.get<Page<unknown>>(path, { as: ana }), 200).body
      assert.equal(usual.items.length, 20, path)
      const all = expectStatus(await world.api.get<Page<unknown>>(`${path}?limit=100`, { as: ana }), 200).body
      assert.ok(all.items.length >= 21, path)
      const one = expectStatus(await world.api.get<Page<unknown>>(`${path}?limit=1`, { as: ana }), 200).body
      assert.equal(one.items.length, 1, path)
    }
  },

  'a limit that is none from 1 to 100 is 400': async world => {
    const { ana, lists } = await everyList(world)
    for (const path of lists)
      for (const limit of [
        '0',
        '101',
        '-1',
        '1.5',
        'many',
        '',
        '1e1',
        '99999999999999999999',
        '%00',
        '1&limit=2',
      ]) {
        const answer = await world.api.get(`${path}${mark(path)}limit=${limit}`, { as: ana })
        expectProblem(answer, 400, 'invalid-input', '/limit')
      }
  },

  'a cursor that no list gave, or another list gave, is 400': async world => {
    const { ana, lists } = await everyList(world)
    const { body } = await world.api.get<Page<Post>>(`/users/${ana.id}/posts?limit=1`, { as: ana })
    const foreign = body.nextCursor!
    const wrong = [
      'x',
      '0',
      '-1',
      'null',
      'undefined',
      `${foreign}x`,
      foreign.slice(1),
      "' or 1=1--",
      'x'.repeat(500),
      '%F0%9F%8D%9E',
    ]
    for (const path of lists)
      for (const cursor of path === `/users/${ana.id}/posts` ? wrong : [...wrong, foreign]) {
        const answer = await world.api.get(`${path}${mark(path)}cursor=${encodeURI(cursor)}`, { as: ana })
        expectProblem(answer, 400, 'invalid-cursor')
      }
    for (const path of lists)
      for (const cursor of ['', 'x'.repeat(501)])
        expectProblem(
          await world.api.get(`${path}${mark(path)}cursor=${cursor}`, { as: ana }),
          400,
          'invalid-input',
          '/cursor',
        )
  },

  'a parameter that a list does not know is 400 and named': async world => {
    const { ana, lists } = await everyList(world)
    for (const path of lists)
      for (const name of ['page', 'Limit', 'offset', 'sort', '__proto__', 'constructor', 'limit[gte]'])
        expectProblem(
          await world.api.get(`${path}${mark(path)}${name}=1`, { as: ana }),
          400,
          'invalid-input',
          `/${name}`,
        )
  },

  'the Link header leads through a list and back': async world => {
    const ana = await world.person()
    for (const text of ['one', 'two', 'three']) await world.post(ana, text)
    const path = `/users/${ana.id}/posts?replies=false&limit=2`
    const first = expectStatus(await world.api.get<Page<Post>>(path), 200)
    const links = linksOf(first)
    assert.ok(links.next && links.prev, String(first.headers.link))
    assert.equal(new URL(links.next, world.topology.url).searchParams.get('replies'), 'false')
    const second = expectStatus(await world.api.get<Page<Post>>(links.next), 200)
    assert.deepEqual(
      second.body.items.map(each => each.text),
      ['one'],
    )
    assert.equal(linksOf(second).next, undefined)
    const back = expectStatus(await world.api.get<Page<Post>>(linksOf(second).prev!), 200)
    assert.deepEqual(back.body.items, first.body.items)
  },

  'every list is items and two cursors': async world => {
    const { ana, lists } = await everyList(world)
    for (const path of lists) {
      const { body } = expectStatus(await world.api.get<Page<unknown>>(path, { as: ana }), 200)
      assert.deepEqual(Object.keys(body).sort(), ['items', 'nextCursor', 'prevCursor'])
    }
  },
}

/** Lists with more than 20 items each. */
async function someLists(world: World): Promise<{ ana: Person; lists: string[] }> {
  const ana = await world.person()
  const tag = `t${ana.username}`
  const { id } = await world.post(ana, 'version 0')
  for (let n = 1; n <= 21; n++) {
    await world.post(ana, `post ${n} #${tag}`)
    expectStatus(await world.api.patch(`/posts/${id}`, { text: `version ${n}` }, { as: ana }), 200)
    await world.post(ana, `answer ${n}`, { replyTo: id })
  }
  const lists = [
    '/timelines/home',
    '/timelines/public',
    `/tags/${tag}/posts`,
    `/users/${ana.id}/posts`,
    `/posts/${id}/edits`,
    `/posts/${id}/comments`,
  ]
  return { ana, lists }
}

async function everyList(world: World): Promise<{ ana: Person; lists: string[] }> {
  const ana = await world.person()
  const { id } = await world.post(ana, 'one #list')
  await world.post(ana, 'two #list')
  for (const text of ['one', 'two']) await world.post(ana, text, { replyTo: id })
  expectStatus(await world.api.put(`/posts/${id}/like`, undefined, { as: ana }), 204)
  const lists = [
    '/timelines/home',
    '/timelines/public',
    '/tags/list/posts',
    `/users/${ana.id}/posts`,
    `/users/${ana.id}/followers`,
    `/users/${ana.id}/following`,
    `/users?username=${ana.username}`,
    `/posts/${id}/edits`,
    `/posts/${id}/comments`,
    `/posts/${id}/likes`,
    '/trending/posts',
    '/trending/tags',
    '/search?q=list',
    '/search?type=users&q=ana',
  ]
  return { ana, lists }
}

const mark = (path: string) => (path.includes('?') ? '&' : '?')

function linksOf({ headers }: Answer): { readonly next?: string; readonly prev?: string } {
  const found = [...String(headers.link ?? '').matchAll(/<([^>]+)>; rel="(next|prev)"/g)]
  return Object.fromEntries(found.map(([, url, rel]) => [rel, url]))
}
