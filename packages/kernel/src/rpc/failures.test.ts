import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../contract/index.ts'
import { bareServer, closedPort, idsOf } from './failing-servers.ts'
import { asking, callBirds, serveBirds, withKey } from './serve-birds.ts'

const hi = { word: 'hi' }
const cut = (socket: { destroy(): void }) => socket.destroy()

test('a lost query is asked again twice, then it is unavailable', async () => {
  await using server = await bareServer(cut)
  await using client = callBirds([server.url])
  await assert.rejects(client.birds.hear(hi, asking()), { code: 'unavailable', details: { retryAfter: 1 } })
  assert.equal(server.requests.length, 3)
})

test('a lost command without its key is never sent again: nobody knows what became of it', async () => {
  await using server = await bareServer(cut)
  await using other = await serveBirds({ sing: () => assert.fail('it was sent again') })
  await using client = callBirds([server.url])
  await using both = callBirds([server.url, other.url])
  await assert.rejects(client.birds.sing(hi, asking()), { code: 'unknown-outcome' })
  await assert.rejects(client.birds.rename(hi, withKey('k')), { code: 'unknown-outcome' })
  assert.equal(server.requests.length, 2)
  await assert.doesNotReject(both.birds.hear(hi, asking()))
})

test('a lost command that may be repeated is, as the same call; when nobody answers it may have happened', async () => {
  await using server = await bareServer(cut)
  await using client = callBirds([server.url])
  await assert.rejects(client.birds.sing(hi, withKey('k')), { code: 'unknown-outcome' })
  assert.equal(server.requests.length, 3)
  const keys = server.requests.map(body => JSON.parse(body).calls[0].idempotency.key)
  assert.deepEqual(keys, ['k', 'k', 'k'])
  await assert.rejects(client.birds.feed(hi, asking()), { code: 'unknown-outcome' })
  assert.equal(server.requests.length, 6)
})

test('what was lost at one address is asked of another', async () => {
  await using broken = await bareServer(cut)
  await using whole = await serveBirds()
  await using client = callBirds([broken.url, whole.url])
  const words = Array.from({ length: 100 }, (_, i) => `word ${i}`)
  for (const word of words) assert.deepEqual(await client.birds.hear({ word }, asking()), { word })
  assert.ok(broken.requests.length > 0)
})

test('answers that came before the connection broke stand; only the rest is asked again', async () => {
  await using server = await bareServer((socket, body) => {
    const isFirst = server.requests.length === 1
    const lines = idsOf(body).map(id => `${JSON.stringify({ id, output: { word: `answer ${id}` } })}\n`)
    const text = isFirst ? lines[0]! : lines.join('')
    const chunk = `${text.length.toString(16)}\r\n${text}\r\n`
    socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk}`)
    if (isFirst) socket.end()
    else socket.write('0\r\n\r\n')
  })
  await using client = callBirds([server.url])
  const heard = await Promise.all([client.birds.hear(hi, asking()), client.birds.hear(hi, asking())])
  assert.deepEqual(
    heard.map(each => each.word),
    ['answer 1', 'answer 2'],
  )
  assert.deepEqual(server.requests.map(idsOf), [[1, 2], [2]])
})

test("a proxy's error says nothing of what happened behind it; our own refusal does", async () => {
  let head = 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'
  await using proxy = await bareServer(socket => socket.write(head))
  await using whole = await serveBirds()
  await using client = callBirds([proxy.url])
  await assert.rejects(client.birds.sing(hi, asking()), { code: 'unknown-outcome' })
  head = 'HTTP/1.1 503 Busy\r\nplaza-not-begun: stopping\r\ncontent-length: 0\r\n\r\n'
  await assert.rejects(client.birds.sing(hi, asking()), { code: 'unavailable' })
  await using both = callBirds([proxy.url, whole.url])
  for (let i = 0; i < 20; i++) await both.birds.sing(hi, asking())
})

test('an answer that is no answer breaks the list off: it may have happened', async () => {
  await using server = await bareServer(socket =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhat\n'),
  )
  await using client = callBirds([server.url])
  await assert.rejects(client.birds.sing(hi, asking()), { code: 'unknown-outcome' })
})

test('an address that refuses connections is passed over, and any call may go elsewhere', async () => {
  let effects = 0
  await using server = await serveBirds({
    sing: input => {
      effects++
      return input
    },
  })
  await using client = callBirds([await closedPort(), server.url])
  for (let i = 0; i < 50; i++) await client.birds.sing(hi, asking())
  assert.equal(effects, 50)
})

test('nobody answers anywhere: unavailable at once, with Retry-After 1', async () => {
  await using client = callBirds([await closedPort(), await closedPort()])
  for (let i = 0; i < 5; i++) {
    const error = await client.birds.sing(hi, asking()).catch((caught: unknown) => caught)
    assert.ok(isAppError(error))
    assert.deepEqual([error.code, error.details], ['unavailable', { retryAfter: 1 }])
  }
})

test('an address that comes back is used again', async () => {
  const url = await closedPort()
  await using client = callBirds([url])
  await assert.rejects(client.birds.hear(hi, asking()), { code: 'unavailable' })
  await using _ = await serveBirds({}, { listen: { host: '127.0.0.1', port: Number(new URL(url).port) } })
  while ((await client.birds.hear(hi, asking()).catch(() => undefined)) === undefined) {}
})

test('idle connections that the other side closed lose no call, not even one that must not be repeated', async () => {
  const closed: Promise<void>[] = []
  await using server = await bareServer((socket, body) => {
    const text = idsOf(body).map(id => `${JSON.stringify({ id, output: hi })}\n`)
    closed.push(new Promise(resolve => socket.once('close', () => resolve())))
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${text.join('').length}\r\n\r\n${text.join('')}`)
  })
  await using client = callBirds([server.url])
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(await client.birds.sing(hi, asking()), hi)
    await closed.at(-1)
  }
})

test('a server that never answers: at the deadline a query is too slow, and a command may have happened', async () => {
  await using server = await bareServer(() => {})
  await using client = callBirds([server.url])
  await assert.rejects(client.birds.hear(hi, asking(100)), {
    code: 'deadline-exceeded',
    message: 'It took too long.',
  })
  await assert.rejects(client.birds.sing(hi, withKey('k', 1_000)), {
    code: 'unknown-outcome',
    message: 'It took too long, and may have happened: ask again with the same Idempotency-Key.',
  })
  await assert.rejects(client.birds.hear(hi, asking(-1)), { code: 'deadline-exceeded' })
})

test('retries do not outlive the deadline', async () => {
  await using server = await bareServer((socket, _body) => {
    if (server.requests.length === 1) socket.destroy()
  })
  await using client = callBirds([server.url])
  await assert.rejects(client.birds.hear(hi, asking(200)), { code: 'deadline-exceeded' })
})

test('a name that cannot be resolved is unavailable', async () => {
  const lookup = async () => {
    throw new Error('ENOTFOUND')
  }
  await using client = callBirds(['http://birds.internal:1'], { lookup })
  await assert.rejects(client.birds.sing(hi, asking()), { code: 'unavailable' })
})

const onLinux = {
  skip: process.platform === 'linux' ? false : 'only on Linux all of 127.0.0.0/8 is this machine',
}
test(
  'each IP address of a name is an address of its own, and names are resolved again',
  onLinux,
  async () => {
    const seen = new Set<string>()
    const servedAt = (host: string, port: number) =>
      serveBirds(
        {
          hear: input => {
            seen.add(host)
            return input
          },
        },
        { listen: { host, port } },
      )
    await using one = await servedAt('127.0.0.1', 0)
    const port = Number(new URL(one.url).port)
    await using _two = await servedAt('127.0.0.2', port)
    let ips = ['127.0.0.1', '127.0.0.2']
    await using client = callBirds([`http://birds.internal:${port}`], { lookup: async () => ips })
    for (let i = 0; i < 100; i++) await client.birds.hear(hi, asking())
    assert.deepEqual([...seen].sort(), ips)
    assert.equal((await client.remote.instancesOf('birds')).length, 2)

    ips = ['127.0.0.2']
    await one.server.close(0)
    while ((await client.remote.instancesOf('birds')).length > 1)
      await client.birds.hear(hi, asking()).catch(() => {})
  },
)
