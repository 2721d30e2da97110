import { createHash, randomUUID } from 'node:crypto'
import { type Context, deriveContext, makeCall } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { newId, randomShard } from '@plaza/kernel/data'
import { kernelOf } from '@plaza/kernel/service'
import { asking, bootServices } from '@plaza/testing'
import { type Post, posts } from '../src/contract.ts'
import { postsService } from '../src/service.ts'
import { fakeAuth, fakeUsers } from './neighbours.ts'

export type Square = Awaited<ReturnType<typeof openSquare>>

/** The posts service as it really runs, beside services of accounts and people that say what a test wants it to say. */
export async function openSquare() {
  const users = fakeUsers()
  const auth = fakeAuth()
  const booted = await bootServices([auth.service, users.service, postsService])
  const edge = makeCall(booted.host.dispatcher)(posts)
  const owner = await booted.scratch.connect()

  return {
    users,
    auth,
    owner,
    /** Calls as the edge does. */
    edge,
    /** Calls as another service does. */
    service: booted.call(posts),
    /** Calls what every service answers. */
    kernel: booted.call(kernelOf(posts)),
    create: (
      by: UserId,
      text: string,
      more: { visibility?: 'public' | 'followers'; replyTo?: PostId } = {},
      key?: string,
    ): Promise<Post> => edge.create({ text, ...more }, asClient(by, key, { text, ...more })),
    comment: (
      by: UserId,
      id: PostId,
      text = 'an answer',
      more: { visibility?: 'public' | 'followers' } = {},
    ) => edge.comment({ id, text, ...more }, asClient(by)),
    comments: (id: PostId, by?: UserId, page: { limit?: number; cursor?: string } = {}) =>
      edge.listComments({ id, ...page }, asClient(by)),
    thread: (id: PostId, by?: UserId, page: { limit?: number; cursor?: string } = {}) =>
      edge.thread({ id, ...page }, asClient(by)),
    get: (id: PostId, by?: UserId) => edge.get({ id }, asClient(by)),
    edit: (id: PostId, text: string, by: UserId, ifVersion?: number) =>
      edge.edit({ id, text, ...(ifVersion !== undefined && { ifVersion }) }, asClient(by)),
    delete: (id: PostId, by: UserId) => edge.delete({ id }, asClient(by)),
    list: (id: UserId, by?: UserId, page: { limit?: number; cursor?: string; replies?: boolean } = {}) =>
      edge.listByAuthor({ id, ...page }, asClient(by)),
    nobodysId: () => newId('post', randomShard()),
    events: async (stream: UserId) => {
      const { rows } = await owner.query<{ type: string; version: string; data: unknown }>(
        'select type, version, data from posts.events where stream = $1 order by position',
        [stream],
      )
      return rows
    },
    countPosts: async (author: UserId) => {
      const { rows } = await owner.query(
        "select count(*)::int as n from posts.events where stream = $1 and type = 'posted'",
        [author],
      )
      return rows[0].n as number
    },
    close: () => booted[Symbol.asyncDispose](),
  }
}

/** A client's request; with a key, as the gateway would tell it. */
export function asClient(id?: UserId, key?: string, input?: unknown): Context {
  const idempotency =
    key === undefined
      ? undefined
      : {
          owner: id!,
          operation: 'posts.create',
          key,
          requestHash: createHash('sha256').update(JSON.stringify(input)).digest('hex'),
        }
  return deriveContext(asking(id), { caller: 'edge', idempotency, requestId: randomUUID() })
}

/** Waits until it is so; a fact that does not come within 10 s fails the test. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`After 10 s it is still not so that ${isSo}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
