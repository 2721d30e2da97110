import type { Context } from '@plaza/kernel/call'
import type { PageOf, UserId } from '@plaza/kernel/contract'
import { lastUuid, mapPage, pagedList, toId } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { type Author, type PostFacts, posts } from '@plaza/posts/contract'
import { type Card, users } from '@plaza/users/contract'
import type { QueuedReport } from './contract.ts'
import { personOf, type ReportRow, reportLists, toReport, toResolution } from './report-store.ts'

interface Input {
  readonly status?: 'open' | 'resolved'
  readonly limit?: number
  readonly cursor?: string
}

const list = pagedList('moderation.reports', { id: 'uuid' })
const firstUuid = '00000000-0000-0000-0000-000000000000'

/** The queue of moderators, oldest first; what was reported is shown as it is now. */
export function listReports(kit: Kit): Handler<Input, PageOf<QueuedReport>> {
  return async ({ status = 'open', ...request }, context) => {
    const statements = reportLists[status]
    const page = await list.read(
      request,
      ({ towards, from, limit }) =>
        statements[towards].all(kit.db, {
          from: from?.id ?? (towards === 'next' ? firstUuid : lastUuid),
          limit,
        }),
      status,
    )
    const { found, cards } = await factsOf(kit, page.items, context)
    return mapPage(page, row => show(row, found.get(toId('post', row.post_id)), cards))
  }
}

async function factsOf({ call }: Kit, rows: readonly ReportRow[], context: Context) {
  if (rows.length === 0) return { found: new Map<string, PostFacts>(), cards: new Map<UserId, Author>() }
  const ids = [...new Set(rows.map(row => toId('post', row.post_id)))]
  const people = new Set(
    rows.flatMap(row => [row.author_id, row.reporter_id ?? []].flat()).map(id => toId('user', id)),
  )
  const [facts, cards] = await Promise.all([
    call(posts).byIds({ ids, hidden: true }, context),
    call(users).cards({ ids: [...people] }, context),
  ])
  return {
    found: new Map<string, PostFacts>(facts.map(post => [post.id, post])),
    cards: new Map(cards.map(card => [card.id, toAuthor(card)])),
  }
}

function show(row: ReportRow, post: PostFacts | undefined, cards: ReadonlyMap<UserId, Author>): QueuedReport {
  const author = post && cards.get(post.authorId)
  const reporter = personOf(row.reporter_id)
  return {
    ...toReport(row),
    post:
      post === undefined || author === undefined
        ? null
        : {
            id: post.id,
            author,
            text: post.text,
            replyTo: post.replyTo,
            createdAt: post.createdAt,
            editedAt: post.editedAt,
          },
    reporter: (reporter && cards.get(reporter)) ?? null,
    resolution: toResolution(row),
  }
}

const toAuthor = ({ id, username, displayName, avatarUrl }: Card): Author => {
  return { id, username, displayName, avatarUrl }
}
