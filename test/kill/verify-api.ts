import assert from 'node:assert/strict'
import { HttpSender } from '../acceptance/http-answer.ts'
import type { Edit, Page, Post, Profile } from '../acceptance/shapes.ts'
import { eventually } from '../eventually.ts'
import type { ExpectedPost, Ledger } from './ledger.ts'
import type { Writer } from './writer.ts'

/** Posts whose reactions are compared in every round. */
const somePosts = 20
/** Entries of each home timeline that are compared in every round; the last round compares all. */
const someEntries = 300
export const adminPassword = 'an admin of the kill test'
/** Milliseconds: counts may lag by a second, on a machine that does nothing else. */
const patience = 5_000

/** Somebody whose lists are compared, as themselves. */
export type Reader = Pick<Writer, 'id' | 'accessToken'>

/** Holds what the API says against the ledger: everything that was answered is there, and nothing else. */
export async function verifyOverApi(
  url: string,
  ledger: Ledger,
  writers: readonly Reader[],
  everything: boolean,
): Promise<void> {
  const api = new Lists(url)
  try {
    for (const writer of writers) {
      await verifyPosts(api, ledger, writer)
      await verifyHome(api, ledger, writer, everything ? Number.POSITIVE_INFINITY : someEntries)
    }
    const members = everything ? ledger.members : ledger.members.slice(-30)
    for (const member of members) await verifyProfile(api, ledger, member.id)
    for (const { id } of writers) await verifyProfile(api, ledger, id)
    await verifyTag(api, ledger)
    await verifyReactions(api, ledger)
    await verifyLevel(api)
  } finally {
    api.close()
  }
}

async function verifyPosts(api: Lists, ledger: Ledger, { id, accessToken }: Reader): Promise<void> {
  const expected = ledger.listedPostsOf(id)
  const found = await api.all<Post>(`/users/${id}/posts`, Number.POSITIVE_INFINITY, accessToken)
  assertSame(found, expected, `posts of ${id}`)
  const all = await api.all<Post>(`/users/${id}/posts?replies=true`, Number.POSITIVE_INFINITY, accessToken)
  assertSame(all, ledger.listedPostsOf(id, true), `posts and answers of ${id}`)
  const edited = expected.filter(each => each.texts.length > 1).slice(0, 5)
  for (const post of edited) {
    const edits = await api.all<Edit>(`/posts/${post.id}/edits`, Number.POSITIVE_INFINITY, accessToken)
    const texts = edits.map(each => each.text).toReversed()
    assert.deepEqual(texts, post.texts.slice(0, -1), `edits of ${post.id}`)
  }
  for (const post of ledger
    .postsOf(id)
    .filter(each => each.deleted)
    .slice(-5))
    assert.equal((await api.get(`/posts/${post.id}`, accessToken)).status, 404, `${post.id} was deleted`)
}

function verifyHome(api: Lists, ledger: Ledger, { id, accessToken }: Reader, entries: number): Promise<void> {
  return eventually(async () => {
    const found = await api.all<Post>('/timelines/home', entries, accessToken)
    assertSame(found, ledger.homeOf(id).slice(0, found.length), `home of ${id}`)
    assert.equal(found.length, Math.min(entries, ledger.homeOf(id).length), `home of ${id} ends too early`)
  }, patience)
}

/** Counts: each event had its effect, once. */
function verifyProfile(api: Lists, ledger: Ledger, id: string): Promise<void> {
  return eventually(async () => {
    const { status, body } = await api.get<Profile>(`/users/${id}`)
    assert.equal(status, 200, `${id} is registered`)
    assert.deepEqual(
      { posts: body.postCount, following: body.followingCount, followers: body.followerCount },
      {
        posts: ledger.listedPostsOf(id).length,
        following: ledger.followsOf(id).size,
        followers: ledger.followerCountOf(id),
      },
      `counts of ${id}`,
    )
  }, patience)
}

function verifyTag(api: Lists, ledger: Ledger): Promise<void> {
  return eventually(async () => {
    const all = ledger.members.flatMap(each => ledger.listedPostsOf(each.id))
    const newest = all.toSorted((a, b) => (a.id < b.id ? 1 : -1))
    for (const path of ['/tags/kill/posts', '/timelines/public']) {
      const found = await api.all<Post>(path, someEntries)
      assertSame(found, newest.slice(0, someEntries), path)
    }
  }, patience)
}

/** Who likes the latest lasting posts, how many do, and how many answers there are. */
function verifyReactions(api: Lists, ledger: Ledger): Promise<void> {
  return eventually(async () => {
    for (const { id, likes } of ledger.lasting.slice(-somePosts)) {
      const { body } = await api.get<Post>(`/posts/${id}`)
      const wanted = [likes.size, ledger.replyCountOf(id)]
      assert.deepEqual([body.likeCount, body.replyCount], wanted, `likes and answers of ${id}`)
      const people = await api.all<Profile>(`/posts/${id}/likes`, Number.POSITIVE_INFINITY)
      assert.deepEqual(people.map(each => each.id).sort(), [...likes].sort(), `who likes ${id}`)
    }
  }, patience)
}

interface Services {
  readonly items: readonly {
    readonly name: string
    readonly subscriptions: readonly { readonly name: string; readonly eventsBehind: number }[]
  }[]
}

/** Every subscription has handled all there is in its producer's log, and nothing was given up. */
async function verifyLevel(api: Lists): Promise<void> {
  const token = await api.logIn('admin', adminPassword)
  await eventually(async () => {
    const { status, body } = await api.get<Services>('/ops/services', token)
    assert.equal(status, 200)
    const subscriptions = body.items.flatMap(each => each.subscriptions)
    assert.ok(subscriptions.length > 0)
    assert.deepEqual(
      subscriptions.filter(each => each.eventsBehind > 0),
      [],
    )
  }, patience)
  assert.deepEqual((await api.get<Page<unknown>>('/ops/dead-letters', token)).body.items, [])
}

function assertSame(found: readonly Post[], expected: readonly ExpectedPost[], what: string): void {
  const ids = found.map(each => each.id)
  const wanted = expected.map(each => each.id)
  const missing = wanted.filter(each => !ids.includes(each)).length
  const extra = ids.filter(each => !wanted.includes(each)).length
  assert.equal(new Set(ids).size, ids.length, `${what}: something is there twice`)
  assert.deepEqual(ids, wanted, `${what}: ${missing} missing, ${extra} too many, of ${wanted.length}`)
  for (const [i, { text, id }] of found.entries())
    assert.equal(text, expected[i]!.texts.at(-1), `${what}: text of ${id}`)
}

/** Reads lists to their end. */
class Lists {
  readonly #sender: HttpSender

  constructor(url: string) {
    this.#sender = new HttpSender(url)
  }

  async get<T>(path: string, token?: string): Promise<{ readonly status: number; readonly body: T }> {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const { status, body } = await this.#sender.send({ method: 'GET', path: `/api/v1${path}`, headers })
    return { status, body: body as T }
  }

  async logIn(login: string, password: string): Promise<string> {
    const { status, body } = await this.#sender.send({
      method: 'POST',
      path: '/api/v1/auth/login',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ login, password }),
    })
    assert.equal(status, 200, `${login} logs in`)
    return (body as { accessToken: string }).accessToken
  }

  /** At least the first `most` entries, if there are as many; never more than the page they end in. */
  async all<T>(path: string, most: number, token?: string): Promise<T[]> {
    const items: T[] = []
    for (let cursor: string | null = null; items.length < most; ) {
      const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const mark = path.includes('?') ? '&' : '?'
      const { status, body } = await this.get<Page<T>>(`${path}${mark}limit=100${at}`, token)
      assert.equal(status, 200, `${path} ${JSON.stringify(body)}`)
      items.push(...body.items)
      cursor = body.nextCursor
      if (cursor === null) break
    }
    return items.slice(0, most)
  }

  close(): void {
    this.#sender.close()
  }
}
