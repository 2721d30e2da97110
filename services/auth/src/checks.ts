import { sql, toId, type Uuid } from '@plaza/kernel/data'
import type { Check, Kit } from '@plaza/kernel/service'

const accountsAtOnce = 1_000
const lowest: Uuid = '00000000-0000-0000-0000-000000000000'

/** What `plaza verify` looks at. */
export function checksOf({ db }: Pick<Kit, 'db'>): Readonly<Record<string, Check>> {
  return {
    sessions: {
      promise: 'who is suspended, or being erased, has no open session',
      look: async (after = lowest) => {
        const rows = await openSessions.all(db, { after, limit: accountsAtOnce })
        return {
          checked: rows.length,
          breaches: rows
            .filter(row => row.open > 0)
            .map(row => ({ id: toId('user', row.id), detail: `has ${row.open} open sessions` })),
          next: rows.length === accountsAtOnce ? rows.at(-1)!.id : null,
        }
      },
    },
    admins: {
      promise: 'where there are accounts, there is an admin who can log in',
      look: async () => {
        const { accounts, admins } = await countAdmins.one(db, {})
        const breaches = accounts && !admins ? [{ id: 'admin', detail: 'there is none' }] : []
        return { checked: 1, breaches, next: null }
      },
    },
  }
}

const openSessions = sql({
  name: 'auth.open-sessions',
  params: { after: 'uuid', limit: 'int4' },
  row: { id: 'uuid', open: 'int8' },
})`
  select id, open
  from (
    select id
    from accounts
    where (suspended_at is not null or erasing_at is not null)
      and id > ${'after'}
    order by id
    limit ${'limit'}
  ) account
  cross join lateral (
    select count(*) as open
    from sessions
    where account_id = account.id
      and ended_at is null
  ) sessions
  order by id`

const countAdmins = sql({
  name: 'auth.count-admins',
  row: { accounts: 'bool', admins: 'bool' },
})`
  select exists (select from accounts where erasing_at is null) as accounts, exists (
    select
    from accounts
    where 'admin' = any (roles)
      and suspended_at is null
      and erasing_at is null
  ) as admins`
