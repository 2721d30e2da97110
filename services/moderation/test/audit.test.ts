import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { auth } from '@plaza/auth/contract'
import type { UserId } from '@plaza/kernel/contract'
import { newEvent } from '@plaza/kernel/events'
import { asClient, openSquare, type Square, until } from './square.ts'

let square: Square
let admin: UserId
before(async () => {
  square = await openSquare()
  admin = square.person('admin', 'admin')
})
after(() => square.close())

const entriesOf = async (target: UserId) => (await square.audit(admin, { target, limit: 100 })).items

test('who changed roles, suspended and unsuspended is written down, each once, the newest first', async () => {
  const ana = square.person('ana')
  const about = { userId: ana, by: admin }
  await square.auth.tell(
    newEvent(auth, 'rolesChanged', ana, { ...about, revision: 2, roles: ['user', 'moderator'] }),
    newEvent(auth, 'suspended', ana, { ...about, revision: 3 }),
    newEvent(auth, 'unsuspended', ana, { ...about, revision: 4 }),
  )
  await until(async () => (await entriesOf(ana)).length === 3)
  const entries = await entriesOf(ana)
  assert.deepEqual(
    entries.map(({ action, actor, target, detail }) => ({ action, actor, target, detail })),
    [
      { action: 'person.unsuspended', actor: admin, target: ana, detail: {} },
      { action: 'person.suspended', actor: admin, target: ana, detail: {} },
      {
        action: 'person.roles-changed',
        actor: admin,
        target: ana,
        detail: { roles: ['user', 'moderator'] },
      },
    ],
  )
})

test('what Plaza did itself, and what was told before anybody was named, is nobody’s', async () => {
  const ana = square.person('ana')
  await square.auth.tell(
    newEvent(auth, 'firstAdminMade', ana, { userId: ana }),
    newEvent(auth, 'rolesChanged', ana, { userId: ana, revision: 2, roles: [] }),
  )
  await until(async () => (await entriesOf(ana)).length === 2)
  assert.deepEqual(
    (await entriesOf(ana)).map(({ action, actor }) => [action, actor]),
    [
      ['person.roles-changed', null],
      ['person.first-admin-made', null],
    ],
  )
})

test('the trail is read page by page and by actor, target and action, alone and together', async () => {
  const [actor, ...people] = ['eva', 'p1', 'p2', 'p3'].map(name => square.person(name))
  for (const id of people)
    await square.auth.tell(
      newEvent(auth, 'suspended', id, { userId: id, revision: 2, by: actor! }),
      newEvent(auth, 'unsuspended', id, { userId: id, revision: 3, by: actor! }),
    )
  const by = { actor: actor! }
  await until(async () => (await square.audit(admin, by)).items.length === 6)
  const whole = (await square.audit(admin, by)).items
  const first = await square.audit(admin, { ...by, limit: 4 })
  const second = await square.audit(admin, { ...by, limit: 4, cursor: first.nextCursor! })
  assert.deepEqual([...first.items, ...second.items], whole)
  assert.deepEqual(
    (await square.audit(admin, { ...by, limit: 4, cursor: second.prevCursor! })).items,
    first.items,
  )
  const action = 'person.suspended' as const
  assert.equal((await square.audit(admin, { ...by, action })).items.length, 3)
  assert.equal((await square.audit(admin, { ...by, action, target: people[0]! })).items.length, 1)
  assert.equal((await square.audit(admin, { actor: admin, target: people[0]! })).items.length, 0)
  assert.equal((await square.audit(admin, { target: people[1]! })).items.length, 2)
  for (const entry of (await square.audit(admin, { action, limit: 100 })).items)
    assert.equal(entry.action, action)
  const all = await square.audit(admin, { limit: 3 })
  assert.equal(all.items.length, 3)
  assert.deepEqual((await square.audit(admin, { limit: 3, cursor: all.prevCursor! })).items, [])
  await assert.rejects(square.audit(admin, { action, cursor: first.nextCursor! }), { code: 'invalid-cursor' })
})

test('the service itself cannot change what was written down', async () => {
  const db = await square.scratch.open({
    name: 'moderation',
    migrations: new URL('../migrations/', import.meta.url),
  })
  const client = await db.connect()
  const ana = square.person('ana')
  await square.auth.tell(newEvent(auth, 'suspended', ana, { userId: ana, revision: 2, by: admin }))
  await until(async () => (await entriesOf(ana)).length === 1)
  try {
    for (const statement of [
      'update audit set actor = null',
      "update audit set target = 'x' where false",
      'delete from audit',
    ])
      await assert.rejects(client.query(statement), /only ever added to/)
    for (const statement of [
      'truncate audit',
      'alter table audit disable trigger all',
      'drop trigger audit_only_grows on audit',
    ])
      await assert.rejects(client.query(statement), /permission denied|must be owner/)
  } finally {
    await client.end()
  }
  assert.equal((await entriesOf(ana)).length, 1)
})

test('the trail is for ops alone, and takes only filters that are some', async () => {
  const { edge } = square
  await assert.rejects(edge.listAudit({}, asClient(admin, ['moderator'])), { code: 'forbidden' })
  await assert.rejects(edge.listAudit({}, asClient()), { code: 'unauthenticated' })
  for (const input of [{ actor: 'ana' }, { target: 'x' }, { action: 'guessed' }, { by: admin }, { limit: 0 }])
    await assert.rejects(edge.listAudit(input as never, asClient(admin, ['admin'])), {
      code: 'invalid-input',
    })
})
