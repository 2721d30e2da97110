import { createHash, randomUUID } from 'node:crypto'
import { type Context, deriveContext, makeCall } from '@plaza/kernel/call'
import type { PostId, ReportId, UserId } from '@plaza/kernel/contract'
import type { Role } from '@plaza/kernel/security'
import { kernelOf } from '@plaza/kernel/service'
import { asking, bootServices } from '@plaza/testing'
import { type AuditEntry, moderation, type Report, type ResolvedReport } from '../src/contract.ts'
import { moderationService } from '../src/service.ts'
import { fakeAuth, fakePosts, fakeUsers } from './neighbours.ts'

export type Square = Awaited<ReturnType<typeof openSquare>>
type Action = 'dismiss' | 'hide' | 'suspend'
interface Paging {
  readonly limit?: number
  readonly cursor?: string
}

/** The moderation service as it really runs, beside neighbours that say what a test wants them to say. */
export async function openSquare({ quiet = false } = {}) {
  const [auth, posts, users] = [fakeAuth(), fakePosts(), fakeUsers()]
  const booted = await bootServices([auth.service, users.service, posts.service, moderationService], {
    quiet,
  })
  const edge = makeCall(booted.host.dispatcher)(moderation)
  const owner = await booted.scratch.connect()
  const kernel = booted.call(kernelOf(moderation))
  const person = (name: string, ...roles: Role[]) => {
    const id = users.add(name)
    auth.add(id, ...roles)
    return id
  }

  return {
    auth,
    posts,
    users,
    owner,
    edge,
    kernel,
    scratch: booted.scratch,
    person,
    report: (id: PostId, by: UserId | undefined, more: object = { reason: 'spam' }, key?: string) =>
      edge.report({ id, ...more } as never, asClient(by, [], key, 'moderation.report', { id, ...more })),
    queue: (by: UserId, more: { status?: 'open' | 'resolved' } & Paging = {}) =>
      edge.listReports(more, asClient(by, ['moderator'])),
    resolve: (
      { id }: Pick<Report, 'id'>,
      action: Action,
      by: UserId,
      { note, key }: { note?: string; key?: string } = {},
    ): Promise<ResolvedReport> => {
      const input = { id, action, ...(note !== undefined && { note }) }
      return edge.resolve(input, asClient(by, ['moderator'], key, 'moderation.resolve', input))
    },
    audit: (
      by: UserId,
      filter: Partial<Pick<AuditEntry, 'action' | 'target'>> & { actor?: UserId } & Paging = {},
    ) => edge.listAudit(filter, asClient(by, ['admin'])),
    close: () => booted[Symbol.asyncDispose](),
  }
}

export const nobodysReport: ReportId = 'report_01h455vb4pex5vsknk084sn02q'

/** A client's request; with a key, as the gateway would tell it. */
export function asClient(
  id?: UserId,
  roles: readonly Role[] = [],
  key?: string,
  operation = '',
  input?: unknown,
): Context {
  const requestHash = createHash('sha256')
    .update(JSON.stringify(input ?? null))
    .digest('hex')
  const idempotency = key === undefined ? undefined : { owner: id!, operation, key, requestHash }
  return deriveContext(asking(id, ['user', ...roles]), {
    caller: 'edge',
    idempotency,
    requestId: randomUUID(),
  })
}

/** Waits until it is so; a fact that does not come within 10 s fails the test. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`After 10 s it is still not so that ${isSo}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
