import { Closed, contract, Page, PageInput, query, type Static, Type } from '@plaza/kernel/contract'

const day = (description: string) =>
  Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', description, says: 'a day as in 2026-01-31' })
const Count = Type.Integer({ minimum: 0 })

/** What happened on a day. What was taken back later (a like, a post) happened all the same. */
export const DayCounts = Closed(
  {
    day: day('In UTC'),
    registrations: Count,
    activePeople: Type.Integer({
      minimum: 0,
      description: 'People who registered, wrote, liked, reposted or followed; each once',
    }),
    posts: Type.Integer({ minimum: 0, description: 'Without comments' }),
    comments: Count,
    likes: Count,
    reposts: Count,
    follows: Count,
  },
  'DayCounts',
)
export type DayCounts = Static<typeof DayCounts>

/** What happened, by day, counted from events, each once. */
export const analytics = contract('analytics', {
  listDays: query({
    route: 'GET /api/v1/ops/analytics',
    access: 'ops',
    summary: 'What happened on each day, the newest first; days without anything are left out',
    input: Closed({
      from: Type.Optional(day('The first day')),
      to: Type.Optional(day('The last day')),
      ...PageInput,
    }),
    output: Page(DayCounts),
  }),
})
