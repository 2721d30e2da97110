import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@plaza/kernel/contract'
import { newId } from '@plaza/kernel/data'
import type { Role } from '@plaza/kernel/security'
import { type BootedServices, bootServices } from '@plaza/testing'
import { decodeJwt } from 'jose'
import { auth } from '../src/contract.ts'
import { authService } from '../src/service.ts'
import { asService, codeOf, edge, eventsOf, identityIn, newPerson, register, request } from './people.ts'

let plaza: BootedServices
let admin: ReturnType<typeof request>
let adminId: UserId
before(async () => {
  plaza = await bootServices([authService], { env: { PLAZA_ADMIN_PASSWORD: 'an admin of the tests' } })
  await plaza.call(auth).ensureFirstAdmin({}, asService())
  const login = { login: 'admin', password: 'an admin of the tests' }
  const as = identityIn(await edge(plaza).login(login, request()))
  admin = request({ as })
  adminId = as.userId
})
after(() => plaza[Symbol.asyncDispose]())

const setRoles = (id: UserId, roles: Role[]) => edge(plaza).setRoles({ id, roles }, admin)
const standingOf = async (id: UserId) => (await plaza.call(auth).standings({ ids: [id] }, asService()))[0]

test('whoever wants to sell may, at once, and asking twice changes nothing more', async () => {
  const ana = await register(plaza)
  const as = identityIn(ana)
  for (let i = 0; i < 2; i++)
    assert.deepEqual(await edge(plaza).becomeSeller({}, request({ as })), { roles: ['user', 'seller'] })
  assert.deepEqual((await standingOf(ana.user.id))?.roles, ['user', 'seller'])
  const told = (await eventsOf(plaza, ana.user.id)).slice(1)
  assert.deepEqual(told, [
    { type: 'rolesChanged', data: { userId: ana.user.id, revision: 2, roles: ['user', 'seller'] } },
  ])
  const next = await edge(plaza).refresh({ refreshToken: ana.refreshToken }, request())
  assert.deepEqual(decodeJwt(next.accessToken).roles, ['user', 'seller'])
  assert.equal(decodeJwt(next.accessToken).rev, 2)
})

test('where selling is not open, an admin makes sellers', async () => {
  await using closed = await bootServices([authService], { env: { PLAZA_OPEN_SELLING: 'false' } })
  const as = identityIn(await register(closed))
  await assert.rejects(edge(closed).becomeSeller({}, request({ as })), codeOf('selling-closed'))
})

test('an admin says who has which roles; they are what was said, in their order', async () => {
  const { user } = await register(plaza)
  assert.deepEqual(await setRoles(user.id, ['moderator', 'user']), { roles: ['user', 'moderator'] })
  assert.deepEqual(await setRoles(user.id, ['user', 'moderator']), { roles: ['user', 'moderator'] })
  assert.deepEqual(await setRoles(user.id, []), { roles: [] })
  assert.equal((await standingOf(user.id))?.revision, 3)
  await assert.rejects(setRoles(newId('user', 1), ['user']), codeOf('user-not-found'))
})

test('only who may manage people does', async () => {
  const [ana, ben] = [await register(plaza), await register(plaza)]
  const as = identityIn(ana)
  const { id } = ben.user
  const call = edge(plaza)
  for (const roles of [['user'], ['user', 'seller', 'moderator']] as Role[][]) {
    const context = request({ as: { ...as, roles } })
    await assert.rejects(call.setRoles({ id, roles: ['admin'] }, context), codeOf('forbidden'))
    await assert.rejects(call.suspend({ id }, context), codeOf('forbidden'))
    await assert.rejects(call.unsuspend({ id }, context), codeOf('forbidden'))
  }
  await assert.rejects(call.suspend({ id }, request()), codeOf('unauthenticated'))
})

test('suspension ends every session, refuses log-in after the right password, and can be lifted', async () => {
  const person = newPerson()
  const login = { login: person.username, password: person.password }
  const ana = await register(plaza, person)
  const { id } = ana.user
  await edge(plaza).suspend({ id }, admin)
  await edge(plaza).suspend({ id }, admin)
  await assert.rejects(
    edge(plaza).refresh({ refreshToken: ana.refreshToken }, request()),
    codeOf('account-suspended'),
  )
  await assert.rejects(edge(plaza).login(login, request()), codeOf('account-suspended'))
  await assert.rejects(
    edge(plaza).login({ ...login, password: 'not the password' }, request()),
    codeOf('invalid-credentials'),
  )
  const { people } = await plaza.call(auth).revocations({}, asService())
  const told = people.find(each => each.id === id)!
  assert.deepEqual(
    { ...told, until: '' },
    { id, revision: 2, roles: ['user'], suspended: true, endedBefore: 2, until: '' },
  )
  assert.ok(Date.parse(told.until) > Date.now() + 900_000)

  await edge(plaza).unsuspend({ id }, admin)
  await edge(plaza).unsuspend({ id }, admin)
  await assert.rejects(
    edge(plaza).refresh({ refreshToken: ana.refreshToken }, request()),
    codeOf('invalid-refresh-token'),
  )
  assert.equal((await edge(plaza).login(login, request())).account.id, id)
  assert.deepEqual((await eventsOf(plaza, id)).slice(1), [
    { type: 'sessionsEnded', data: { userId: id, revision: 2 } },
    { type: 'suspended', data: { userId: id, revision: 2 } },
    { type: 'unsuspended', data: { userId: id, revision: 3 } },
  ])
})

test('a log-in and a suspension at the same moment never leave a session behind', async () => {
  for (let round = 0; round < 5; round++) {
    const person = newPerson()
    const { user } = await register(plaza, person)
    const login = () => edge(plaza).login({ login: person.email, password: person.password }, request())
    const outcomes = await Promise.allSettled([login(), edge(plaza).suspend({ id: user.id }, admin), login()])
    for (const each of [outcomes[0], outcomes[2]]) {
      if (each?.status !== 'fulfilled') continue
      const { refreshToken } = each.value as { refreshToken: string }
      await assert.rejects(edge(plaza).refresh({ refreshToken }, request()), codeOf('account-suspended'))
    }
  }
})

test('the last admin can neither be suspended nor stop being one; of two, one can, also at the same moment', async () => {
  const isLast = codeOf('last-admin')
  await assert.rejects(setRoles(adminId, ['user']), isLast)
  await assert.rejects(edge(plaza).suspend({ id: adminId }, admin), isLast)
  const { user } = await register(plaza)
  await setRoles(user.id, ['user', 'admin'])
  const outcomes = await Promise.allSettled([
    setRoles(adminId, ['user']),
    edge(plaza).suspend({ id: user.id }, admin),
  ])
  assert.equal(outcomes.filter(each => each.status === 'fulfilled').length, 1)
  await setRoles(adminId, ['user', 'admin'])
})
