import { randomInt } from 'node:crypto'
import { newUuid, randomShard, shardOf, sql, toId, violatedConstraint } from '@plaza/kernel/data'
import type { Handler, Kit } from '@plaza/kernel/service'
import { findAnyAdmin, lookupKey } from './account-store.ts'
import { noFirstAdmin } from './contract.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { findPasswordFault } from './password-policy.ts'

interface FirstAdmin {
  made: boolean
  email: string
  password: string | null
}

/** Makes an admin when there is none. Of instances that start at once one makes it. The password is made up unless it was configured. */
export function ensureFirstAdmin(kit: Kit, hasher: PasswordHasher): Handler<unknown, FirstAdmin> {
  return async (_input, context) => {
    const existing = await findAnyAdmin.maybe(kit.db, {})
    if (existing !== undefined) return { made: false, email: existing.email, password: null }
    const { adminEmail: email, adminPassword } = kit.config
    if (adminPassword !== undefined) await assertUsable(adminPassword, email)
    const password = adminPassword ?? madeUpPassword()
    const id = newUuid(randomShard())
    const userId = toId('user', id)
    const row = {
      id,
      userId,
      events: [newUuid(shardOf(userId)), newUuid(shardOf(userId))],
      email,
      emailKey: lookupKey(email),
      passwordHash: await hasher.hash(password, context),
    }
    const inserted = await insert.maybe(kit.db, row).catch(error => {
      if (violatedConstraint(error) === undefined) throw error
      return undefined
    })
    if (inserted === undefined) return madeByAnother(kit, email)
    kit.db.committed()
    return { made: true, email, password: adminPassword === undefined ? password : null }
  }
}

async function assertUsable(password: string, email: string): Promise<void> {
  const fault = await findPasswordFault({ password, username: 'admin', email })
  if (fault !== undefined) throw noFirstAdmin(`PLAZA_ADMIN_PASSWORD cannot be used. ${fault.detail}`)
}

async function madeByAnother({ db }: Kit, email: string): Promise<FirstAdmin> {
  const admin = await findAnyAdmin.maybe(db, {})
  if (admin !== undefined) return { made: false, email: admin.email, password: null }
  throw noFirstAdmin(
    `There is no admin, and none can be made: somebody else has the username admin or the address ${email}. Set PLAZA_ADMIN_EMAIL to another.`,
  )
}

/** 99 bits, in groups that can be read out: no 0 and o, no 1, i and l. */
function madeUpPassword(): string {
  const letters = '23456789abcdefghjkmnpqrstuvwxyz'
  const group = () => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')
  return [group(), group(), group(), group()].join('-')
}

const insert = sql({
  name: 'auth.insert-first-admin',
  params: {
    id: 'uuid',
    email: 'text',
    emailKey: 'text',
    passwordHash: 'text',
    events: 'uuid[]',
    userId: 'text',
  },
  row: { event: 'uuid' },
})`
  with account as (
    insert into accounts (id, email, email_key, username, display_name, password_hash, roles)
    select ${'id'}, ${'email'}, ${'emailKey'}, 'admin', 'Admin', ${'passwordHash'}, array['user', 'admin']
    where not exists (select from accounts where 'admin' = any(roles))
    returning ${'userId'} as stream
  )
  select appended.id as event
  from account, lateral append_events(
    ${'events'},
    array[stream, stream],
    array['registered', 'firstAdminMade'],
    array[jsonb_build_object('userId', stream), jsonb_build_object('userId', stream)]
  ) appended`
