import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deriveContext } from '@plaza/kernel/call'
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
    {
      type: 'rolesChanged',
      data: { userId: ana.user.id, revision: 2, roles: ['user', 'seller'], by: ana.user.id },
    },
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
    { type: 'suspended', data: { userId: id, revision: 2, by: adminId } },
    { type: 'unsuspended', data: { userId: id, revision: 3, by: adminId } },
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
  await assert.rejects(suspendFor(adminId, adminId), isLast)
  const { user } = await register(plaza)
  await setRoles(user.id, ['user', 'admin'])
  const outcomes = await Promise.allSettled([
    setRoles(adminId, ['user']),
    edge(plaza).suspend({ id: user.id }, admin),
  ])
  assert.equal(outcomes.filter(each => each.status === 'fulfilled').length, 1)
  await setRoles(adminId, ['user', 'admin'])
})

const suspendFor = (id: UserId, by: UserId, key?: string) =>
  plaza.call(auth).suspendFor(
    { id, by },
    deriveContext(asService(), {
      idempotency:
        key === undefined
          ? undefined
          : { owner: by, operation: 'auth.suspendFor', key, requestHash: '0'.repeat(64) },
    }),
  )

test('a moderator suspends people, but neither admins nor moderators; an admin suspends moderators too', async () => {
  const [mona, max, ana] = [await register(plaza), await register(plaza), await register(plaza)]
  const [moderator, other] = [mona.user.id, max.user.id]
  await setRoles(moderator, ['user', 'moderator'])
  await setRoles(other, ['user', 'moderator'])
  const may = (id: UserId, by: UserId) => plaza.call(auth).assertMaySuspend({ id, by }, asService())
  for (const id of [other, moderator, adminId]) {
    await assert.rejects(may(id, moderator), codeOf('may-not-suspend'))
    await assert.rejects(suspendFor(id, moderator), codeOf('may-not-suspend'))
  }
  await assert.rejects(may(newId('user', 1), moderator), codeOf('user-not-found'))
  await may(ana.user.id, moderator)
  await suspendFor(ana.user.id, moderator)
  assert.deepEqual((await eventsOf(plaza, ana.user.id)).at(-1), {
    type: 'suspended',
    data: { userId: ana.user.id, revision: 2, by: moderator },
  })
  await suspendFor(other, adminId)
  assert.ok((await standingOf(other))?.suspended)
  assert.ok(!(await standingOf(moderator))?.suspended)
})

test('a suspension that comes again late does not undo its lifting', async () => {
  const { user } = await register(plaza)
  await suspendFor(user.id, adminId, 'decision-1')
  await edge(plaza).unsuspend({ id: user.id }, admin)
  await suspendFor(user.id, adminId, 'decision-1')
  assert.equal((await standingOf(user.id))?.suspended, false)
  await suspendFor(user.id, adminId, 'decision-2')
  assert.equal((await standingOf(user.id))?.suspended, true)
})

test('the making of the first admin is told, by nobody', async () => {
  assert.deepEqual((await eventsOf(plaza, adminId)).slice(0, 2), [
    { type: 'registered', data: { userId: adminId } },
    { type: 'firstAdminMade', data: { userId: adminId } },
  ])
})

test('moderators change no roles, and call nothing that is for services', async () => {
  const mona = await register(plaza)
  const as = { ...identityIn(mona), roles: ['user', 'moderator'] as Role[] }
  const call = edge(plaza)
  const { id } = mona.user
  await assert.rejects(call.setRoles({ id, roles: ['admin'] }, request({ as })), codeOf('forbidden'))
  await assert.rejects(call.suspend({ id: adminId }, request({ as })), codeOf('forbidden'))
  await assert.rejects(call.suspendFor({ id: adminId, by: id }, request({ as })), codeOf('not-found'))
})
