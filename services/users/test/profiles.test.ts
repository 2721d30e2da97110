import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openSquare, type Square } from './square.ts'

let square: Square
before(async () => {
  square = await openSquare()
})
after(() => square.close())

test('a profile is there right after registration, whether or not anybody heard of it', async () => {
  const ana = square.addAccount({ username: 'ana', displayName: 'Ana B.' })
  assert.deepEqual(await square.as(undefined).get({ id: ana }), {
    id: ana,
    username: 'ana',
    displayName: 'Ana B.',
    bio: '',
    avatarUrl: null,
    followerCount: 0,
    followingCount: 0,
    postCount: 0,
    createdAt: square.account(ana).createdAt,
    version: 1,
  })
})

test('a person is found by username right after registration, in any case', async () => {
  const id = square.addAccount({ username: 'bo_ris' })
  const found = await square.as(undefined).find({ username: 'Bo_RIS' })
  assert.deepEqual(
    found.items.map(item => item.id),
    [id],
  )
  assert.deepEqual(await square.as(undefined).find({ username: 'nobody_at_all' }), {
    items: [],
    nextCursor: null,
    prevCursor: null,
  })
})

test('auth.registered makes the profile by itself, once', async () => {
  const id = square.addAccount()
  await square.tellRegistered(id)
  await square.until(async () => (await square.events('profileChanged', id)).length === 1)
  await Promise.all([1, 2, 3].map(() => square.as(undefined).get({ id })))
  assert.equal((await square.events('profileChanged', id)).length, 1)
})

test('many who look for one new person at once make one profile', async () => {
  const id = square.addAccount()
  const seen = await Promise.all(Array.from({ length: 50 }, () => square.as(undefined).get({ id })))
  assert.equal(new Set(seen.map(profile => profile.version)).size, 1)
  assert.equal((await square.events('profileChanged', id)).length, 1)
})

test('nobody is not found', async () => {
  await assert.rejects(square.as(undefined).get({ id: square.nobody() }), { code: 'user-not-found' })
})

test('the own profile tells what only its owner may know, and others do not see it', async () => {
  const id = square.addAccount({ email: 'cleo@example.org', roles: ['user', 'seller'] })
  const own = await square.as(id).me({})
  assert.deepEqual([own.email, own.emailVerified, own.roles], ['cleo@example.org', false, ['user', 'seller']])
  const seen = await square.as(square.addAccount()).get({ id })
  assert.ok(!('email' in seen) && !('roles' in seen))
})

test('an edit changes what it names, raises the version, and is told once', async () => {
  const id = square.addAccount({ displayName: 'Dora' })
  const edited = await square.as(id).editMe({ bio: 'Reads.\nWrites.' })
  assert.deepEqual([edited.displayName, edited.bio, edited.version], ['Dora', 'Reads.\nWrites.', 2])
  const renamed = await square.as(id).editMe({ displayName: 'Dora 😀' })
  assert.deepEqual([renamed.displayName, renamed.bio, renamed.version], ['Dora 😀', 'Reads.\nWrites.', 3])
  assert.equal((await square.as(undefined).get({ id })).displayName, 'Dora 😀')
  assert.equal((await square.events('profileChanged', id)).length, 3)
})

test('of two edits of one version one wins, and the other is told so', async () => {
  const id = square.addAccount()
  await square.as(id).me({})
  const edits = ['one', 'two', 'three'].map(bio => square.as(id).editMe({ bio, ifVersion: 1 }))
  const results = await Promise.allSettled(edits)
  const lost = results.filter(result => result.status === 'rejected')
  assert.equal(lost.length, 2)
  for (const { reason } of lost) assert.equal(reason.code, 'stale')
  assert.equal((await square.as(id).me({})).version, 2)
})

test('an empty edit changes nothing, and is stale when the profile moved on', async () => {
  const id = square.addAccount()
  assert.equal((await square.as(id).editMe({})).version, 1)
  await assert.rejects(square.as(id).editMe({ ifVersion: 7 }), { code: 'stale' })
})

test('a follow does not make an edit stale: counters do not count', async () => {
  const [id, other] = [square.addAccount(), square.addAccount()]
  await square.as(id).me({})
  await square.as(other).follow({ id })
  assert.equal((await square.as(id).editMe({ bio: 'still', ifVersion: 1 })).version, 2)
})

test('nobody edits the profile of somebody else: it cannot even be named', async () => {
  const [ana, ben] = [square.addAccount({ displayName: 'Ana' }), square.addAccount()]
  await assert.rejects(square.as(ben).editMe({ id: ana, bio: 'mine' } as never), { code: 'invalid-input' })
  await assert.rejects(square.as(undefined).editMe({ bio: 'mine' }), { code: 'unauthenticated' })
  assert.equal((await square.as(ana).me({})).bio, '')
})

const badEdits: readonly [string, object][] = [
  ['an unknown field', { avatarMediaId: 'media_1' }],
  ['a name of 51 characters', { displayName: 'x'.repeat(51) }],
  ['no name', { displayName: '' }],
  ['a name nobody can see', { displayName: ' \u200d ' }],
  ['a name that turns the text around', { displayName: 'Ana\u202e' }],
  ['a name of two lines', { displayName: 'Ana\nBen' }],
  ['a bio of 501 characters', { bio: 'x'.repeat(501) }],
  ['NUL', { bio: 'a\u0000b' }],
  ['a lone surrogate', { bio: '\ud800' }],
  ['a number', { bio: 7 }],
  ['null', { displayName: null }],
  ['__proto__', JSON.parse('{"__proto__":{"bio":"x"}}')],
]
for (const [what, edit] of badEdits) {
  test(`an edit with ${what} is refused and changes nothing`, async () => {
    const id = square.addAccount()
    await assert.rejects(square.as(id).editMe(edit), { code: 'invalid-input' })
    assert.equal((await square.as(id).me({})).version, 1)
  })
}

test('500 characters are 500 characters, whatever they weigh', async () => {
  const id = square.addAccount()
  const bio = '😀'.repeat(500)
  assert.equal((await square.as(id).editMe({ bio, displayName: '字'.repeat(50) })).bio, bio)
})

test('cards are told of all who are there, in one answer', async () => {
  const ids = [square.addAccount({ username: 'finn' }), square.nobody(), square.addAccount()]
  const cards = await square.service.cards({ ids })
  assert.deepEqual(cards.map(card => card.id).sort(), [ids[0], ids[2]].sort())
  const finn = cards.find(card => card.id === ids[0])
  assert.deepEqual(finn, {
    id: ids[0],
    username: 'finn',
    displayName: 'Somebody',
    avatarUrl: null,
    version: 1,
  })
})

test('usernames lead to ids as they were asked', async () => {
  const id = square.addAccount({ username: 'gus' })
  assert.deepEqual(await square.service.idsByUsername({ usernames: ['GUS', 'nobody_at_all'] }), [
    { username: 'GUS', id },
  ])
})

test('posts are counted from their events', async () => {
  const id = square.addAccount()
  await square.tellPosted(id, 3)
  await square.tellDeleted(id, 1)
  await square.until(async () => (await square.as(undefined).get({ id })).postCount === 2)
})

test('a suspension raises the version of relations, even before there is a profile', async () => {
  const id = square.addAccount()
  await square.tellSuspended(id, true)
  await square.until(async () => (await square.service.relations({ id })).suspended)
  const { version } = await square.service.relations({ id })
  assert.ok(version > 0)
  await square.tellSuspended(id, false)
  await square.until(async () => !(await square.service.relations({ id })).suspended)
  assert.ok((await square.service.relations({ id })).version > version)
})

test('what is for services only is not there for clients', async () => {
  const id = square.addAccount()
  await assert.rejects(square.as(id).relations({ id }), { code: 'not-found' })
  await assert.rejects(square.as(id).cards({ ids: [id] }), { code: 'not-found' })
})
