import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { SessionId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { kernelOf } from '@plaza/kernel/service'
import { type BootedServices, bootServices } from '@plaza/testing'
import { auth } from '../src/contract.ts'
import { authService } from '../src/service.ts'
import { asService, edge, identityIn, register, request } from './people.ts'

let plaza: BootedServices
let breakIt: (text: string, ...values: unknown[]) => Promise<unknown>
before(async () => {
  plaza = await bootServices([authService], { env: { PLAZA_ADMIN_PASSWORD: 'an admin of the tests' } })
  await plaza.call(auth).ensureFirstAdmin({}, asService())
  const owner = await plaza.scratch.connect()
  breakIt = (text, ...values) => owner.query(text, values)
})
after(() => plaza[Symbol.asyncDispose]())

const verify = (check: string) => plaza.call(kernelOf(auth)).$verify({ check }, asService())

test('an open session of somebody who is suspended or being erased is found', async () => {
  const [ana, bo] = [await register(plaza), await register(plaza)]
  assert.deepEqual(await verify('sessions'), { checked: 0, breaches: [], next: null })
  const login = { login: 'admin', password: 'an admin of the tests' }
  const admin = request({ as: identityIn(await edge(plaza).login(login, request())) })
  await edge(plaza).suspend({ id: ana.user.id }, admin)
  const sessionId = identityIn(bo).sessionId as SessionId
  await plaza.call(auth).lockForErasure({ id: bo.user.id, sessionId }, asService())
  assert.deepEqual(await verify('sessions'), { checked: 2, breaches: [], next: null })
  for (const { user } of [ana, bo]) {
    const account = toUuid(user.id)
    await breakIt('update auth.sessions set ended_at = null where account_id = $1', account)
    const { breaches } = await verify('sessions')
    assert.deepEqual(breaches, [{ id: user.id, detail: 'has 1 open sessions' }])
    await breakIt('update auth.sessions set ended_at = now() where account_id = $1', account)
  }
})

test('that nobody is an admin is found', async () => {
  assert.deepEqual((await verify('admins')).breaches, [])
  await breakIt(`update auth.accounts set suspended_at = now() where 'admin' = any (roles)`)
  assert.deepEqual((await verify('admins')).breaches, [{ id: 'admin', detail: 'there is none' }])
  await breakIt(`update auth.accounts set suspended_at = null where 'admin' = any (roles)`)
})
