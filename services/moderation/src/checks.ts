import { deriveContext } from '@plaza/kernel/call'
import { sql, toId, type Uuid } from '@plaza/kernel/data'
import type { Check, Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'

/** Decisions looked at in one part: what posts is asked for at once. */
const limit = 500
const lowest: Uuid = '00000000-0000-0000-0000-000000000000'

/** What `plaza verify` looks at. */
export function checksOf({ db, call }: Kit): Readonly<Record<string, Check>> {
  return {
    reports: {
      promise: 'posts that moderators took away are hidden or gone',
      look: async (after = lowest, context) => {
        const rows = await decisionsAgainst.all(db, { after, limit })
        const ids = [...new Set(rows.map(row => toId('post', row.post_id)))]
        const asked = deriveContext(context, { identity: undefined })
        const shown = ids.length === 0 ? [] : await call(posts).byIds({ ids }, asked)
        return {
          checked: rows.length,
          breaches: shown.map(({ id }) => ({ id, detail: 'was taken away, and is shown' })),
          next: nextOf(rows),
        }
      },
    },
    decisions: {
      promise: 'what was decided is carried out, and stands in the audit trail',
      look: async (after = lowest) => {
        const rows = await decisions.all(db, { after, limit })
        return {
          checked: rows.length,
          breaches: rows.flatMap(({ id, is_late, is_audited }) => [
            ...(is_late ? [{ id, detail: 'was not carried out for five minutes' }] : []),
            ...(is_audited ? [] : [{ id, detail: 'does not stand in the audit trail' }]),
          ]),
          next: nextOf(rows),
        }
      },
    },
  }
}

const nextOf = (rows: readonly { readonly id: Uuid }[]) => (rows.length < limit ? null : rows.at(-1)!.id)

const part = { after: 'uuid', limit: 'int4' } as const

const decisionsAgainst = sql({
  name: 'moderation.decisions-against',
  params: part,
  row: { id: 'uuid', post_id: 'uuid' },
})`
  select id, post_id
  from decisions
  where action <> 'dismiss' and carried_out_at is not null and id > ${'after'}
  order by id
  limit ${'limit'}`

const decisions = sql({
  name: 'moderation.decisions-with-audit',
  params: part,
  row: { id: 'uuid', is_late: 'bool', is_audited: 'bool' },
})`
  select id,
    carried_out_at is null and decided_at < now() - interval '5 minutes' as is_late,
    exists (select from audit where audit.id = decisions.id) as is_audited
  from decisions
  where id > ${'after'}
  order by id
  limit ${'limit'}`
