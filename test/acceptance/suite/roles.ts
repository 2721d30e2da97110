import assert from 'node:assert/strict'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { OwnProfile, SignedIn } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

const nobody = 'user_01h455vb4pex5vsknk084sn02q'

export const roles: Cases = {
  'selling is open: becoming a seller holds at once for the token in hand': async world => {
    const ana = await world.person()
    const answer = await world.api.post<{ roles: string[] }>('/users/me/seller', undefined, { as: ana })
    assert.deepEqual(expectStatus(answer, 200).body.roles.sort(), ['seller', 'user'])
    const again = await world.api.post<{ roles: string[] }>('/users/me/seller', {}, { as: ana })
    assert.deepEqual(expectStatus(again, 200).body.roles.sort(), ['seller', 'user'])
    assert.deepEqual((await rolesOf(world, ana)).sort(), ['seller', 'user'])
    expectProblem(await world.api.post('/users/me/seller'), 401, 'unauthenticated')
  },

  'an admin gives roles: they hold for the token in hand within a second': async world => {
    const [admin, ana] = await Promise.all([world.admin(), world.person()])
    expectProblem(await world.api.get('/ops/services', { as: ana }), 403, 'forbidden')
    await setRoles(world, admin, ana, ['user', 'admin'])
    await eventually(async () => expectStatus(await world.api.get('/ops/services', { as: ana }), 200))
    assert.deepEqual((await rolesOf(world, ana)).sort(), ['admin', 'user'])
    await setRoles(world, admin, ana, ['user'])
    await eventually(async () => {
      expectProblem(await world.api.get('/ops/services', { as: ana }), 403, 'forbidden')
    })
  },

  'roles taken away are gone within a second, also for what everybody may do': async world => {
    const [admin, ana] = await Promise.all([world.admin(), world.person()])
    await setRoles(world, admin, ana, [])
    await eventually(async () => {
      expectProblem(await world.api.post('/posts', { text: 'may I?' }, { as: ana }), 403, 'forbidden')
    })
    await setRoles(world, admin, ana, ['user'])
    await eventually(() => world.post(ana, 'I may again'))
  },

  'roles that are none are refused and change nothing': async world => {
    const [admin, ana] = await Promise.all([world.admin(), world.person()])
    const path = `/users/${ana.id}/roles`
    const wrong = [
      [{ roles: ['king'] }, '/roles/0'],
      [{ roles: ['user', 'user'] }, '/roles'],
      [{ roles: 'admin' }, '/roles'],
      [{}, '/roles'],
      [{ roles: ['user'], id: ana.id }, '/id'],
      [{ roles: ['user'], since: 'ever' }, '/since'],
    ] as const
    for (const [body, pointer] of wrong)
      expectProblem(await world.api.put(path, body, { as: admin }), 400, 'invalid-input', pointer)
    expectProblem(
      await world.api.put(`/users/${nobody}/roles`, { roles: ['user'] }, { as: admin }),
      404,
      'user-not-found',
    )
    assert.deepEqual(await rolesOf(world, ana), ['user'])
  },

  'nobody gives roles to themselves or others without users:manage': async world => {
    const [ana, ben] = await world.people('ana', 'ben')
    for (const whom of [ana, ben]) {
      const body = { roles: ['user', 'admin'] }
      expectProblem(await world.api.put(`/users/${whom.id}/roles`, body, { as: ana }), 403, 'forbidden')
      expectProblem(await world.api.put(`/users/${whom.id}/roles`, body), 401, 'unauthenticated')
      assert.deepEqual(await rolesOf(world, whom), ['user'])
    }
  },

  'a suspended person is out within a second, everywhere, and cannot come back in': async world => {
    const [admin, ana] = await Promise.all([world.admin(), world.person()])
    const path = `/users/${ana.id}/suspension`
    expectStatus(await world.api.put(path, undefined, { as: admin }), 204)
    await eventually(async () => {
      expectProblem(await world.api.get('/users/me', { as: ana }), 401, 'unauthenticated')
    })
    const refreshed = await world.api.post('/auth/refresh', { refreshToken: ana.refreshToken })
    assert.ok(refreshed.status === 401 || refreshed.status === 403, refreshed.text)
    const login = { login: ana.email, password: ana.password }
    expectProblem(await world.api.post('/auth/login', login), 403, 'account-suspended')
    // Only who knows the password learns of it.
    const guess = { ...login, password: 'not this battery staple' }
    expectProblem(await world.api.post('/auth/login', guess), 401, 'invalid-credentials')
    expectStatus(await world.api.put(path, undefined, { as: admin }), 204)
  },

  'whose suspension ended logs in again; what ended stays ended': async world => {
    const [admin, ana] = await Promise.all([world.admin(), world.person()])
    const path = `/users/${ana.id}/suspension`
    expectStatus(await world.api.put(path, undefined, { as: admin }), 204)
    for (const _ of [1, 2]) expectStatus(await world.api.delete(path, { as: admin }), 204)
    const again = await world.api.post<SignedIn>('/auth/login', { login: ana.email, password: ana.password })
    expectStatus(await world.api.get('/users/me', { as: expectStatus(again, 200).body }), 200)
    await eventually(async () => {
      expectProblem(await world.api.get('/users/me', { as: ana }), 401, 'unauthenticated')
    })
    expectProblem(
      await world.api.post('/auth/refresh', { refreshToken: ana.refreshToken }),
      401,
      'invalid-refresh-token',
    )
  },

  'nobody suspends without users:manage, and nobody is suspended who is not there': async world => {
    const [admin, ana, ben] = await Promise.all([world.admin(), world.person('ana'), world.person('ben')])
    for (const method of ['PUT', 'DELETE']) {
      expectProblem(
        await world.api.request(method, `/users/${ben.id}/suspension`, undefined, { as: ana }),
        403,
        'forbidden',
      )
      expectProblem(await world.api.request(method, `/users/${ben.id}/suspension`), 401, 'unauthenticated')
      const nowhere = await world.api.request(method, `/users/${nobody}/suspension`, undefined, { as: admin })
      expectProblem(nowhere, 404, 'user-not-found')
    }
    expectStatus(await world.api.get('/users/me', { as: ben }), 200)
  },
}

/** On its own: while it runs, nobody else may be an admin. */
export const lastAdmin: Cases = {
  'somebody must stay who can manage: the last admin is neither suspended nor demoted': async world => {
    const admin = await world.admin()
    const demotion = await world.api.put(`/users/${admin.id}/roles`, { roles: ['user'] }, { as: admin })
    expectProblem(demotion, 422, 'last-admin')
    const suspension = await world.api.put(`/users/${admin.id}/suspension`, undefined, { as: admin })
    expectProblem(suspension, 422, 'last-admin')
    assert.deepEqual((await rolesOf(world, admin)).sort(), ['admin', 'user'])
    expectStatus(await world.api.get('/ops/services', { as: admin }), 200)
  },
}

async function setRoles(world: World, admin: Person, whom: Person, wanted: readonly string[]): Promise<void> {
  const answer = await world.api.put<{ roles: string[] }>(
    `/users/${whom.id}/roles`,
    { roles: wanted },
    { as: admin },
  )
  assert.deepEqual(expectStatus(answer, 200).body.roles.toSorted(), wanted.toSorted())
}

async function rolesOf(world: World, person: Person): Promise<string[]> {
  const { body } = expectStatus(await world.api.get<OwnProfile>('/users/me', { as: person }), 200)
  return [...body.roles]
}
