import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { isAppError, unavailable } from '../contract/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { asking, callBirds, secret, serveBirds } from './serve-birds.ts'
import { TokenSigner } from './token.ts'

const call = {
  id: 1,
  operation: 'hear',
  input: { word: 'hi' },
  left: 5_000,
  caller: 'service',
  requestId: 'r',
}
const list = { service: 'birds', client: 'c', calls: [call] }
const tokenFor = (service: string, key = secret, at = Date.now()) =>
  new TokenSigner(key, 'test').authorization(service, at)

async function post(url: string, authorization: string | undefined, body: unknown = list) {
  const response = await fetch(`${url}/rpc`, {
    method: 'POST',
    headers: { ...(authorization !== undefined && { authorization }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function logInto(lines: string[]): Logger {
  return pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }) as Logger
}

test('a list is answered line by line', async () => {
  await using server = await serveBirds()
  const { status, text } = await post(server.url, tokenFor('birds'))
  assert.equal(status, 200)
  assert.deepEqual(JSON.parse(text), { id: 1, output: { word: 'hi' } })
})

const forged: [string, () => string | undefined][] = [
  ['no token', () => undefined],
  ['a token of another secret', () => tokenFor('birds', 'another secret of 32 letters, too')],
  ['an expired token', () => tokenFor('birds', secret, Date.now() - 40_000)],
  ['a token for a service that is not here', () => tokenFor('users')],
]
for (const [what, token] of forged) {
  test(`${what} is refused before anything runs, and logged without the token`, async () => {
    const lines: string[] = []
    await using server = await serveBirds({ hear: () => assert.fail('it ran') }, { log: logInto(lines) })
    const sent = token()
    const { status, headers } = await post(server.url, sent)
    assert.equal(status, 401)
    assert.ok(headers.has('plaza-not-begun'))
    assert.equal(lines.length, 1)
    assert.match(lines[0]!, /A request to \/rpc was refused/)
    if (sent !== undefined) assert.ok(!lines[0]!.includes(sent.slice('Bearer '.length)))
  })
}

test('a token for one service here opens no other', async () => {
  await using server = await serveBirds(
    { hear: () => assert.fail('it ran') },
    { services: ['birds', 'users'] },
  )
  assert.equal((await post(server.url, tokenFor('users'))).status, 401)
})

test('refusals are logged once in a while, however many there are', async () => {
  const lines: string[] = []
  await using server = await serveBirds({}, { log: logInto(lines) })
  for (let i = 0; i < 20; i++) await post(server.url, undefined)
  assert.equal(lines.length, 1)
})

test('who has another secret reaches nobody, and nothing has begun', async () => {
  await using server = await serveBirds({ sing: () => assert.fail('it ran') })
  await using client = callBirds([server.url], { secret: 'another secret of 32 letters, too' })
  await assert.rejects(client.birds.sing({ word: 'hi' }, asking()), { code: 'unavailable' })
})

const wrong: [string, unknown][] = [
  ['no JSON', '{'],
  ['no list', {}],
  ['a call without a deadline', { ...list, calls: [{ ...call, left: undefined }] }],
  [
    'a role that does not exist',
    { ...list, calls: [{ ...call, identity: { userId: 'u', sessionId: 's', roles: ['root'] } }] },
  ],
  ['a caller that does not exist', { ...list, calls: [{ ...call, caller: 'owner' }] }],
]
for (const [what, body] of wrong) {
  test(`a body that is ${what} is refused`, async () => {
    await using server = await serveBirds({ hear: () => assert.fail('it ran') })
    assert.equal((await post(server.url, tokenFor('birds'), body)).status, 400)
  })
}

test('a request that is too large is refused before it is read', async () => {
  await using server = await serveBirds()
  const body = `"${'x'.repeat(33 * 1_048_576)}"`
  const outcome = await post(server.url, tokenFor('birds'), body).catch(() => ({ status: 413 }))
  assert.equal(outcome.status, 413)
})

test('an answer that is too large to travel is an error of that call alone', async () => {
  await using server = await serveBirds({
    hear: ({ word }) => ({ word: word === 'long' ? 'x'.repeat(12 * 1_048_576) : word }),
  })
  await using client = callBirds([server.url])
  const [long, short] = await Promise.allSettled(
    ['long', 'short'].map(word => client.birds.hear({ word }, asking())),
  )
  assert.equal((long as PromiseRejectedResult).reason.code, 'internal-error')
  assert.deepEqual(short, { status: 'fulfilled', value: { word: 'short' } })
})

test('a large answer arrives whole, letters of several bytes cut anywhere', async () => {
  const word = 'ü🐦'.repeat(1_000_000)
  await using server = await serveBirds({ hear: () => ({ word }) })
  await using client = callBirds([server.url])
  assert.equal((await client.birds.hear({ word: '' }, asking())).word, word)
})

test('an operation that is not there, or is an object’s own name, is unavailable', async () => {
  await using server = await serveBirds()
  for (const operation of ['nothing', '__proto__', 'constructor']) {
    const { text } = await post(server.url, tokenFor('birds'), { ...list, calls: [{ ...call, operation }] })
    assert.equal(JSON.parse(text).error.code, 'unavailable')
  }
})

test('causes are logged where they happened, with the request, and do not travel', async () => {
  const lines: string[] = []
  await using server = await serveBirds(
    {
      hear: () => {
        throw unavailable('The database is not available.', undefined, new Error('connection refused'))
      },
    },
    { log: logInto(lines) },
  )
  await using client = callBirds([server.url])
  const error = await client.birds.hear({ word: '' }, asking()).catch((caught: unknown) => caught)
  assert.ok(isAppError(error) && error.code === 'unavailable' && error.cause === undefined)
  assert.match(lines[0]!, /connection refused.*"requestId":"test"/)
})

test('pages are answered beside /rpc, and nothing else is', async () => {
  await using server = await serveBirds(
    {},
    {
      pages: {
        '/health/live': () => ({ status: 200, type: 'text/plain', body: 'live' }),
        '/broken': () => Promise.reject(new Error('password=hunter2')),
      },
    },
  )
  const get = async (path: string) => {
    const response = await fetch(`${server.url}${path}`)
    return [response.status, await response.text()]
  }
  assert.deepEqual(await get('/health/live?x=1'), [200, 'live'])
  assert.equal((await get('/rpc'))[0], 404)
  assert.equal((await get('/nothing'))[0], 404)
  const [status, text] = await get('/broken')
  assert.equal(status, 500)
  assert.doesNotMatch(String(text), /hunter2/)
})
