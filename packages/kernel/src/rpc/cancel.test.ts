import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type Context, deriveContext } from '../call/index.ts'
import { asking, type BirdHandlers, callBirds, serveBirds, withKey } from './serve-birds.ts'

const hi = { word: 'hi' }

/** Handlers that wait until nobody waits for them, and tell both. */
function waiting() {
  const begun = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<string>()
  const wait = async (_: unknown, { signal }: Context) => {
    begun.resolve()
    if (!signal.aborted) await once(signal, 'abort')
    aborted.resolve(signal.reason.name)
    return hi
  }
  const handlers: BirdHandlers = { hear: wait, sing: wait }
  return { handlers, begun: begun.promise, aborted: aborted.promise }
}

/** A context whose caller can go away, as a client's request can. */
function leaving() {
  const gone = new AbortController()
  const request = new Proxy(asking(60_000), {
    get: (target, name) => (name === 'signal' ? gone.signal : Reflect.get(target, name, target)),
  })
  return { context: deriveContext(request, {}), leave: () => gone.abort() }
}

test('the deadline travels: it ends the work on the other side', async () => {
  const { handlers, aborted } = waiting()
  await using server = await serveBirds(handlers)
  await using client = callBirds([server.url])
  await assert.rejects(client.birds.hear(hi, asking(1_500)), { code: 'deadline-exceeded' })
  await aborted
})

test('a query nobody waits for any more ends on both sides, alone or in a list', async () => {
  for (const beside of [0, 1]) {
    const { handlers, begun, aborted } = waiting()
    await using server = await serveBirds({ ...handlers, count: () => new Promise<never>(() => {}) })
    await using client = callBirds([server.url])
    const { context, leave } = leaving()
    const running = client.birds.hear(hi, context)
    const other = beside ? client.birds.count(hi, asking(60_000)).catch(() => {}) : undefined
    await begun
    leave()
    await assert.rejects(running, { code: 'deadline-exceeded' })
    assert.equal(await aborted, 'AbortError')
    await client.remote.close()
    await other
  }
})

test("a command's handler hears that its caller left, and its answer still counts", async () => {
  const { handlers, begun, aborted } = waiting()
  await using server = await serveBirds(handlers)
  await using client = callBirds([server.url])
  const { context, leave } = leaving()
  const running = client.birds.sing(hi, context)
  await begun
  leave()
  assert.equal(await aborted, 'AbortError')
  assert.deepEqual(await running, hi)
})

test('a broken connection ends its queries and not its commands', async () => {
  const query = waiting()
  const commandEnded = Promise.withResolvers<boolean>()
  const commandBegun = Promise.withResolvers<void>()
  await using server = await serveBirds({
    hear: query.handlers.hear!,
    sing: async (input, { signal }) => {
      commandBegun.resolve()
      await query.aborted
      commandEnded.resolve(signal.aborted)
      return input
    },
  })
  const client = callBirds([server.url])
  const running = [client.birds.hear(hi, asking()), client.birds.sing(hi, withKey('k'))]
  const settled = Promise.allSettled(running)
  await Promise.all([query.begun, commandBegun.promise])
  await client.remote.close()
  await settled
  assert.equal(await commandEnded.promise, false)
})

test('calls that end soon never make a signal', async () => {
  await using server = await serveBirds()
  await using client = callBirds([server.url])
  const began = performance.now()
  const context = new Proxy(asking(), {
    get: (target, name) => {
      if (name === 'signal') assert.ok(performance.now() - began > 90)
      return Reflect.get(target, name, target)
    },
  })
  assert.deepEqual(await client.birds.hear(hi, context), hi)
})
