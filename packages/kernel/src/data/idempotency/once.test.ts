import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, beforeEach, test } from 'node:test'
import { type IdempotencyKey, newContext } from '../../call/index.ts'
import { breakableLink } from '../breakable-link.ts'
import { openDatabase, type Tx } from '../database.ts'
import { newId } from '../new-id.ts'
import { scratchDatabase } from '../scratch-database.ts'
import { sql } from '../statement.ts'
import { once } from './once.ts'
import {
  answeredBefore,
  deleteAnswersOf,
  deleteExpiredAnswers,
  keyRow,
  replay,
  storedAnswers,
} from './stored-answers.ts'

const addThing = sql({ name: 'once-test.add', params: { name: 'text' }, row: { id: 'int4' } })`
  insert into things (name)
  values (${'name'})
  returning id`

const countThings = sql({ name: 'once-test.count', row: { n: 'int8' } })`
  select count(*) as n
  from things`

const addKeyedThings = sql({
  name: 'once-test.add-keyed',
  params: { names: 'text[]', ids: 'uuid[]', hashes: 'bytea[]', answers: 'bytea[]' },
  row: { id: 'uuid?' },
})`
  with input as (
    select *
    from unnest(${'names'}, ${'ids'}, ${'hashes'}, ${'answers'}) as t (name, id, hash, answer)
  ), fresh as (
    insert into idempotency_keys (id, request_hash, answer)
    select id, hash, answer
    from input
    where id is not null
    order by id
    on conflict (id) do nothing
    returning id
  ), added as (
    insert into things (name)
    select name
    from input
    where id is null or id in (select id from fresh)
  )
  select id
  from fresh`

const secret = 'a secret of at least thirty-two characters'

const requestOf = (
  key: string,
  body: unknown = {},
  owner = 'user_1',
  operation = 'posts.create',
): IdempotencyKey => ({
  owner,
  operation,
  key,
  requestHash: Buffer.from(JSON.stringify(body)).toString('hex').padEnd(64, '0'),
})

const asking = (idempotency: IdempotencyKey | undefined, patience = 10_000) =>
  newContext({ requestId: 'test', deadline: Date.now() + patience, idempotency })

const scratch = await scratchDatabase()
const db = await scratch.open({ name: 'posts', migrations: undefined }, { secret })
const owner = await scratch.connect()
await owner.query('create table posts.things (id serial primary key, name text)')
after(() => scratch[Symbol.asyncDispose]())
beforeEach(() => owner.query('truncate posts.things, posts.idempotency_keys'))

const add = (name: string) => async (tx: Tx) => ({ ...(await addThing.one(tx, { name })), name })
const count = async () => (await countThings.one(db, {})).n

test('the same request again has its effect once and gets the first answer, marked as given again', async () => {
  const first = asking(requestOf('k'))
  const again = asking(requestOf('k'))
  const answer = await once(db, first, add('a'))
  assert.deepEqual(await once(db, again, add('b')), answer)
  assert.deepEqual([first.answer.replayed, again.answer.replayed], [undefined, true])
  assert.equal(await count(), 1)
})

test('the same key of another person, or for another operation, is another key', async () => {
  await once(db, asking(requestOf('k')), add('a'))
  await once(db, asking(requestOf('k', {}, 'user_2')), add('b'))
  await once(db, asking(requestOf('k', {}, 'user_1', 'posts.like')), add('c'))
  await once(db, asking(undefined), add('d'))
  assert.equal(await count(), 4)
})

test('the same key with another request is refused and changes nothing', async () => {
  await once(db, asking(requestOf('k', { text: 'a' })), add('a'))
  const other = asking(requestOf('k', { text: 'b' }))
  await assert.rejects(once(db, other, add('b')), { code: 'idempotency-key-reused' })
  await assert.rejects(answeredBefore(db, other), { code: 'idempotency-key-reused' })
  assert.equal(await count(), 1)
})

test('twenty copies at once: one effect, one answer for all', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => once(db, asking(requestOf('k')), add('a'))),
  )
  assert.equal(new Set(answers.map(answer => answer.id)).size, 1)
  assert.equal(await count(), 1)
})

test('a copy waits for the first, beyond lock_timeout too, and gets its answer', async () => {
  await owner.query(`alter role ${scratch.name}_posts set lock_timeout = '50ms'`)
  const hasty = await scratch.open({ name: 'posts', migrations: undefined }, { secret })
  const holding = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  // The first has taken its key and not yet committed.
  const first = db.transaction(async tx => {
    const row = keyRow(db, asking(requestOf('k')), { name: 'first' })!
    await addKeyedThings.run(tx, {
      names: ['first'],
      ids: [row.id],
      hashes: [row.requestHash],
      answers: [row.answer],
    })
    holding.resolve()
    await goOn.promise
  })
  await holding.promise
  const copy = once(hasty, asking(requestOf('k')), add('copy'))
  setTimeout(goOn.resolve, 200)
  assert.deepEqual(await copy, { name: 'first' })
  await first
  assert.equal(await count(), 1)
})

test('a copy whose own deadline ends first is told that the first still runs', async () => {
  const goOn = Promise.withResolvers<void>()
  const holding = Promise.withResolvers<void>()
  const first = db.transaction(async tx => {
    const row = keyRow(db, asking(requestOf('k')), null)!
    await addKeyedThings.run(tx, {
      names: ['first'],
      ids: [row.id],
      hashes: [row.requestHash],
      answers: [row.answer],
    })
    holding.resolve()
    await goOn.promise
  })
  await holding.promise
  await assert.rejects(once(db, asking(requestOf('k'), 150), add('copy')), {
    code: 'still-running',
    details: { retryAfter: 1 },
  })
  goOn.resolve()
  await first
  assert.equal(await once(db, asking(requestOf('k')), add('copy')), null)
})

test('a request that failed keeps no key: the same request may be tried again', async () => {
  const failing = once(db, asking(requestOf('k')), async tx => {
    await addThing.one(tx, { name: 'a' })
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  assert.equal(await answeredBefore(db, asking(requestOf('k'))), undefined)
  await once(db, asking(requestOf('k')), add('a'))
  assert.equal(await count(), 1)
})

test('a connection that dies before, at or after the commit never leaves a key blocked, nor an effect without its key', async () => {
  await using link = await breakableLink(scratch.ownerUrl)
  const linked = openDatabase({
    url: link.through(scratch.ownerUrl),
    schema: 'posts',
    secret,
    connections: 1,
  })
  await countThings.one(linked, {})
  // begin, insert the thing, insert the key, commit
  const moments = [0, 1, 2, 3].flatMap(after => [
    { what: `request ${after}`, cut: () => link.swallowRequest(after) },
    { what: `answer ${after}`, cut: () => link.swallowAnswer(after) },
  ])
  for (const [i, { what, cut }] of moments.entries()) {
    const ask = () => once(linked, asking(requestOf(what)), add(what))
    cut()
    const code = await ask().then(
      () => 'none',
      error => error.code,
    )
    assert.equal(code, what.endsWith('3') ? 'unknown-outcome' : 'unavailable', what)
    const answer = await ask()
    assert.deepEqual(await ask(), answer, what)
    assert.equal(await count(), i + 1, what)
  }
  assert.equal(link.cuts, 8)
  await linked.close()
})

test('an answer with secrets is stored so that neither the table nor the secret alone yields it', async () => {
  const tokens = { accessToken: 'at-very-secret', refreshToken: 'rt-very-secret' }
  const request = requestOf('k', { login: 'ana', password: 'correct horse' })
  await once(db, asking(request), async () => tokens, { sealed: true })
  const { rows } = await owner.query('select * from posts.idempotency_keys')
  const stored = Buffer.concat([rows[0].answer, rows[0].request_hash]).toString('latin1')
  assert.doesNotMatch(stored, /very-secret|accessToken/)
  assert.notEqual(
    rows[0].request_hash.toString('hex'),
    request.requestHash,
    'a password could be tried against it',
  )
  assert.deepEqual(await once(db, asking(request), async () => ({})), tokens)
  const thief = openDatabase({
    url: scratch.ownerUrl,
    schema: 'posts',
    secret: randomBytes(32).toString('hex'),
  })
  const row = rows[0]
  assert.throws(() => thief.vault.decode(request, row.answer))
  assert.throws(() => db.vault.decode({ ...request, requestHash: '0'.repeat(64) }, row.answer))
  await thief.close()
})

test('a grouped statement writes keys beside effects: copies in one group or in two have one effect', async () => {
  const rows = ['k1', 'k2', 'k1'].map(key => keyRow(db, asking(requestOf(key)), { key })!)
  const params = (given: typeof rows) => ({
    names: given.map(() => 'a'),
    ids: given.map(row => row.id),
    hashes: given.map(row => row.requestHash),
    answers: given.map(row => row.answer),
  })
  await Promise.all([
    addKeyedThings.run(db, params(rows.slice(0, 2))),
    addKeyedThings.run(db, params(rows.slice(1))),
  ])
  assert.equal(await count(), 2)
  const stored = await storedAnswers(
    db,
    rows.map(row => row.id),
  )
  const context = asking(requestOf('k1'))
  assert.deepEqual(replay(db, context, stored.get(rows[0]!.id)!), { key: 'k1' })
  assert.equal(context.answer.replayed, true)
})

test('a person’s answers are found and deleted together, and nobody else’s with them', async () => {
  const ana = newId('user', 1)
  const ben = newId('user', 1)
  const of = (owner: string, key: string) => ({ ...requestOf(key), owner })
  for (const key of ['a', 'b', 'c']) await once(db, asking(of(ana, key)), add(`ana ${key}`))
  await once(db, asking(of(ben, 'a')), add('ben a'))
  const { first, last } = db.vault.idsOf(ana)
  for (const key of ['a', 'b', 'c']) {
    const id = db.vault.idOf(of(ana, key))
    assert.ok(first <= id && id <= last)
  }
  assert.equal(await deleteAnswersOf(db, ana, 2), 2)
  assert.equal(await deleteAnswersOf(db, ana), 1)
  assert.equal(await answeredBefore(db, asking(of(ana, 'a'))), undefined)
  assert.ok(await answeredBefore(db, asking(of(ben, 'a'))))
})

test('answers are kept for a day and dropped after it', async () => {
  for (const key of ['old', 'older', 'young']) await once(db, asking(requestOf(key)), add(key))
  const age = (key: string, hours: number) =>
    owner.query(`update posts.idempotency_keys set at = now() - $2 * interval '1 hour' where id = $1`, [
      db.vault.idOf(requestOf(key)),
      hours,
    ])
  await age('old', 24.1)
  await age('older', 30)
  await age('young', 23.9)
  assert.equal(await deleteExpiredAnswers(db, 1), 1)
  assert.equal(await deleteExpiredAnswers(db), 1)
  assert.equal(await deleteExpiredAnswers(db), 0)
  assert.ok(await answeredBefore(db, asking(requestOf('young'))))
})
