import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootServices } from '@plaza/testing'
import { authService } from '../src/service.ts'
import { edge, register, request } from './people.ts'

test('each hour what is over is deleted, keys are rotated when due, and the next hour is ordered once', async () => {
  await using plaza = await bootServices([authService])
  const kept = await register(plaza)
  const gone = await register(plaza)
  const owner = await plaza.scratch.connect()
  await edge(plaza)
    .login({ login: kept.user.email, password: 'not the password' }, request())
    .catch(() => {})
  await owner.query(
    `update auth.sessions set expires_at = now() - interval '2 days' where account_id = (select id from auth.accounts where username = $1)`,
    [gone.user.username],
  )
  await owner.query(`update auth.login_failures set until = now() - interval '1 minute'`)
  await owner.query(
    `insert into auth.known_addresses select id, 'x', now() - interval '91 days' from auth.accounts`,
  )
  await owner.query(
    `insert into auth.erasures select gen_random_uuid(), gen_random_uuid(), now() - hours * interval '61 minutes'
     from generate_series(0, 1) hours`,
  )
  await owner.query(`update auth.signing_keys set made_at = now() - interval '31 days'`)
  const ordered = async () =>
    (await owner.query<{ key: string }>(`select key from auth.jobs where kind = 'upkeep'`)).rows.map(
      row => row.key,
    )
  const first = await ordered()
  assert.equal(first.length, 1)
  await owner.query(`update auth.jobs set due_at = now()`)
  await using beside = await bootServices([authService], { beside: plaza })
  assert.ok(beside, 'an instance that starts looks for work, and orders the same hour once')

  const counts = `select (select count(*)::int from auth.sessions) as sessions,
    (select count(*)::int from auth.login_failures) as failures,
    (select count(*)::int from auth.known_addresses where address = 'x') as addresses,
    (select count(*)::int from auth.erasures) as erasures,
    (select count(*)::int from auth.signing_keys) as keys`
  while ((await owner.query(`select from auth.finished_jobs where kind = 'upkeep'`)).rowCount === 0)
    await new Promise(setImmediate)
  assert.deepEqual((await owner.query(counts)).rows[0], {
    sessions: 1,
    failures: 0,
    addresses: 0,
    erasures: 1,
    keys: 3,
  })
  const next = await ordered()
  assert.equal(next.length, 1)
  assert.equal(Date.parse(next[0]!) - Date.parse(first[0]!), 3_600_000)
})
