import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allStatements } from '@plaza/kernel/data'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { authService } from '../src/service.ts'

/** What each request does, and what the gateways ask when they start: none may read a table from end to end. */
const byIndex = [
  'auth.find-accounts',
  'auth.find-account-ids',
  'auth.find-accounts-by-username',
  'auth.find-standings',
  'auth.find-changed-accounts',
  'auth.find-ended-sessions',
  'auth.find-account-to-log-in',
  'auth.start-session',
  'auth.rotate-token',
  'auth.find-session',
  'auth.end-session',
  'auth.end-all-sessions',
  'auth.lock-with-admins',
  'auth.find-any-admin',
  'auth.delete-old-sessions',
  'auth.delete-old-failures',
  'auth.delete-old-addresses',
]

test('no request reads a table from end to end', async () => {
  await using scratch = await scratchDatabase()
  await scratch.open({ name: 'auth', migrations: authService.migrations })
  const owner = await scratch.connect()
  await owner.query(`set search_path = auth`)
  await owner.query(
    `insert into accounts (id, email, email_key, username, display_name, password_hash, roles, changed_at)
     select gen_random_uuid(), n || '@x', n || '@x', 'u' || n, 'u', 'x', '{user}',
       case when n % 100 = 0 then now() - n * interval '1 hour' end
     from generate_series(1, 20000) n`,
  )
  await owner.query(
    `insert into sessions (id, account_id, token_hash, expires_at, ended_at)
     select gen_random_uuid(), id, '', now() + interval '10 days', case when random() < 0.1 then now() - random() * interval '25 hours' end
     from accounts`,
  )
  await owner.query(
    `insert into login_failures select decode(md5(n::text), 'hex'), 1, now() + n * interval '1 second' from generate_series(1, 20000) n`,
  )
  await owner.query(
    `insert into known_addresses select id, 'x', now() - random() * interval '80 days' from accounts`,
  )
  await owner.query('analyze')
  await owner.query('set plan_cache_mode = force_generic_plan')
  for (const name of byIndex) {
    const statement = allStatements().find(each => each.name === name)!
    const types = Object.values(statement.params).map(type => type.replace('?', ''))
    await owner.query(`prepare p${types.length > 0 ? ` (${types.join()})` : ''} as ${statement.text}`)
    const values = types.map(sampleOf)
    const { rows } = await owner.query(`explain execute p${values.length > 0 ? `(${values.join()})` : ''}`)
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    assert.doesNotMatch(
      plan,
      /Seq Scan on (accounts|sessions|login_failures|known_addresses)/,
      `${name}\n${plan}`,
    )
    await owner.query('deallocate p')
  }
})

function sampleOf(type: string): string {
  const values: Record<string, string> = {
    uuid: `'01890a5d-ac96-774b-bcce-b302099a8057'`,
    'uuid[]': `'{01890a5d-ac96-774b-bcce-b302099a8057}'`,
    'text[]': `'{u7}'`,
    text: `'u7'`,
    bytea: `'\\x00'`,
    int4: '100',
  }
  return values[type]!
}
