import { lastAdmin, mayNotSuspend } from '@plaza/auth/contract'
import {
  Closed,
  command,
  contract,
  errorCode,
  Id,
  Nullable,
  Page,
  PageInput,
  query,
  type Static,
  Timestamp,
  Type,
  type UserId,
} from '@plaza/kernel/contract'
import { roles } from '@plaza/kernel/security'
import { Author, postNotFound } from '@plaza/posts/contract'

export { postNotFound }

export const ownPost = errorCode('own-post', 'rule', 'One does not report oneself')
export const reportNotFound = errorCode('report-not-found', 'not-found', 'There is no such report')
export const alreadyResolved = errorCode('already-resolved', 'conflict', 'It was decided otherwise')

const oneOf = <const V extends readonly string[]>(values: V, description?: string) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...(description && { description }) })

const reasons = ['spam', 'abuse', 'violence', 'adult', 'illegal', 'other'] as const
const actions = ['dismiss', 'hide', 'suspend'] as const
export type Action = (typeof actions)[number]

/** What stands in the audit trail; the target of `post.…` is the post, of `person.…` the person. */
const auditActions = [
  'report.dismissed',
  'post.hidden',
  'person.suspended',
  'person.unsuspended',
  'person.roles-changed',
  'person.first-admin-made',
  'suspension.decided',
  'suspension.refused',
] as const
export type AuditAction = (typeof auditActions)[number]

const Reason = oneOf(reasons)
const Status = oneOf(['open', 'resolved'])
const Action = oneOf(
  actions,
  '`hide` takes the post away from everybody; `suspend` does too, and suspends its author',
)

// No control characters but line ends and tabs (PostgreSQL refuses NUL), lone surrogates or direction overrides.
const Note = Type.String({
  maxLength: 1_000,
  pattern:
    '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\p{Cs}\\u202a-\\u202e\\u2066-\\u2069]*$',
  says: 'text of at most 1,000 characters without control characters',
})

const resolution = {
  action: Action,
  by: Nullable(Type.Unsafe<UserId>({ ...Id.user, description: 'null: they are gone' })),
  at: Timestamp,
} as const

const report = {
  id: Id.report,
  postId: Id.post,
  reason: Reason,
  status: Status,
  createdAt: Timestamp,
} as const
const note = Nullable(Type.String())

/** A report as whoever made it sees it. */
export const Report = Closed({ ...report, note }, 'Report')
export type Report = Static<typeof Report>

/** Without anybody's words: it may be kept as the answer to a moderator's key when whose they were are gone. */
export const ResolvedReport = Closed({ ...report, resolution: Closed(resolution) }, 'ResolvedReport')
export type ResolvedReport = Static<typeof ResolvedReport>

const ReportedPost = Closed({
  id: Id.post,
  author: Author,
  text: Type.String(),
  replyTo: Nullable(Id.post),
  createdAt: Timestamp,
  editedAt: Nullable(Timestamp),
})

const QueuedResolution = Closed({ ...resolution, note })

/** A report as moderators see it. */
export const QueuedReport = Closed(
  {
    ...report,
    note,
    post: Nullable(
      Type.Unsafe<Static<typeof ReportedPost>>({
        ...ReportedPost,
        description: 'As it is now, hidden or not; null: it is gone',
      }),
    ),
    reporter: Nullable(
      Type.Unsafe<Author>({ ...Closed({ ...Author.properties }), description: 'null: they are gone' }),
    ),
    resolution: Nullable(
      Type.Unsafe<Static<typeof QueuedResolution>>({
        ...QueuedResolution,
        description: 'null also when the author erased their account, which closes reports',
      }),
    ),
  },
  'QueuedReport',
)
export type QueuedReport = Static<typeof QueuedReport>

/** One thing somebody did. Ids and codes, never text. */
export const AuditEntry = Closed(
  {
    id: Id.event,
    at: Timestamp,
    actor: Nullable(Type.Unsafe<UserId>({ ...Id.user, description: 'null: Plaza itself, or not known' })),
    action: oneOf(auditActions),
    target: Type.String({ description: 'The id of what it was done to' }),
    detail: Closed({
      postId: Type.Optional(Id.post),
      authorId: Type.Optional(Id.user),
      reportId: Type.Optional(Id.report),
      reports: Type.Optional(Type.Integer({ description: 'How many reports it closed' })),
      roles: Type.Optional(Type.Array(oneOf(roles))),
      refusal: Type.Optional(Type.String({ description: 'The code of why not' })),
    }),
  },
  'AuditEntry',
)
export type AuditEntry = Static<typeof AuditEntry>

/** Reports, decisions, and the audit trail. */
export const moderation = contract('moderation', {
  report: command({
    route: 'POST /api/v1/posts/:id/report',
    access: 'user',
    summary:
      'Reports a post to the moderators; while a report is open, another of the same post is the same.',
    input: Closed({ id: Id.post, reason: Reason, note: Type.Optional(Note) }),
    output: Report,
    status: 201,
    fails: [postNotFound, ownPost],
  }),
  listReports: query({
    route: 'GET /api/v1/moderation/reports',
    access: 'moderation',
    summary: 'Reports, oldest first: the open ones, or those that were resolved.',
    input: Closed({ status: Type.Optional(Status), ...PageInput }),
    output: Page(QueuedReport),
  }),
  resolve: command({
    route: 'POST /api/v1/moderation/reports/:id/resolve',
    access: 'moderation',
    summary:
      'Decides about a report, and with it about all that are open of the same post; the same twice is once.',
    input: Closed({ id: Id.report, action: Action, note: Type.Optional(Note) }),
    output: ResolvedReport,
    fails: [reportNotFound, alreadyResolved, mayNotSuspend, lastAdmin],
    // Three services have their part in it.
    timeout: 15_000,
  }),
  listAudit: query({
    route: 'GET /api/v1/ops/audit',
    access: 'ops',
    summary: 'Who decided, suspended and changed roles: the newest first.',
    input: Closed({
      actor: Type.Optional(Id.user),
      target: Type.Optional(
        Type.String({ pattern: '^(user|post|report)_[0-7][0-9a-hjkmnp-tv-z]{25}$', says: 'an id' }),
      ),
      action: Type.Optional(oneOf(auditActions)),
      ...PageInput,
    }),
    output: Page(AuditEntry),
  }),
})
