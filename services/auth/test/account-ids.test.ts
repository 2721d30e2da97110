import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootServices } from '@plaza/testing'
import { auth } from '../src/contract.ts'
import { authService } from '../src/service.ts'
import { asService } from './people.ts'

test('accounts older than a minute are told part by part, but those being erased', async () => {
  await using plaza = await bootServices([authService])
  const owner = await plaza.scratch.connect()
  await owner.query(
    `insert into auth.accounts (id, email, email_key, username, display_name, password_hash, roles, created_at, erasing_at)
     select gen_random_uuid(), n || '@x', n || '@x', 'u' || n, 'u', 'x', '{user}',
       now() - case when n % 5 = 0 then interval '50 seconds' else interval '70 seconds' end,
       case when n % 5 = 1 then now() end
     from generate_series(1, 2500) n`,
  )
  const ids = new Set<string>()
  let parts = 0
  for (let after: `user_${string}` | undefined; ; parts++) {
    const part = await plaza.call(auth).accountIds(after === undefined ? {} : { after }, asService())
    for (const id of part.ids) ids.add(id)
    if (part.next === null) break
    after = part.next
  }
  assert.deepEqual([ids.size, parts], [1500, 1])
})
