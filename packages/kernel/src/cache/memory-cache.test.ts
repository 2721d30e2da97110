import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeMetrics } from '../telemetry/index.ts'
import { atLeast } from './cache.ts'
import type { CacheOptions } from './index.ts'
import { memoryCache } from './index.ts'

function make<V = string>(options: Partial<CacheOptions<V>> = {}) {
  const clock = { now: 1_000 }
  const metrics = makeMetrics()
  const cache = memoryCache(metrics, () => clock.now).of<V>({
    name: 'test',
    maxEntries: 100,
    freshFor: 100,
    ...options,
  })
  return { cache, clock, metrics }
}

/** A load that ends when the test says so, and counts how often it was begun. */
function gate<V>() {
  const waiting: PromiseWithResolvers<V>[] = []
  const load = () => {
    const each = Promise.withResolvers<V>()
    waiting.push(each)
    return each.promise
  }
  return { load, waiting, answer: (i: number, value: V) => waiting[i]!.resolve(value) }
}

const never = () => Promise.reject(new Error('it was loaded again'))

test('what was loaded is given again without loading', async () => {
  const { cache } = make()
  assert.equal(await cache.get('a', async () => 'one'), 'one')
  assert.equal(await cache.get('a', never), 'one')
  assert.equal(cache.peek('a'), 'one')
})

test('concurrent calls for one key load once', async () => {
  const { cache } = make()
  const { load, waiting, answer } = gate<string>()
  const answers = Promise.all([cache.get('a', load), cache.get('a', load), cache.get('a', load)])
  answer(0, 'one')
  assert.deepEqual(await answers, ['one', 'one', 'one'])
  assert.equal(waiting.length, 1)
})

test('a load that fails fails for all who wait, and is not remembered', async () => {
  const { cache } = make()
  const { load, waiting } = gate<string>()
  const both = Promise.allSettled([cache.get('a', load), cache.get('a', load)])
  waiting[0]!.reject(new Error('down'))
  assert.deepEqual(
    (await both).map(each => each.status),
    ['rejected', 'rejected'],
  )
  assert.equal(await cache.get('a', async () => 'up again'), 'up again')
})

test('an entry is not served after its time', async () => {
  const { cache, clock } = make()
  await cache.get('a', async () => 'one')
  clock.now += 100
  assert.equal(cache.peek('a'), undefined)
  assert.equal(await cache.get('a', async () => 'two'), 'two')
})

test('a stale entry is served at once while one load renews it', async () => {
  const { cache, clock } = make({ staleFor: 50 })
  await cache.get('a', async () => 'one')
  clock.now += 120
  const { load, waiting, answer } = gate<string>()
  assert.equal(await cache.get('a', load), 'one')
  assert.equal(await cache.get('a', load), 'one')
  assert.equal(waiting.length, 1)
  answer(0, 'two')
  await new Promise(setImmediate)
  assert.equal(cache.peek('a'), 'two')
})

test('a renewal that fails leaves the stale entry until its time is over', async () => {
  const { cache, clock } = make({ staleFor: 50 })
  await cache.get('a', async () => 'one')
  clock.now += 120
  assert.equal(await cache.get('a', () => Promise.reject(new Error('down'))), 'one')
  await new Promise(setImmediate)
  assert.equal(await cache.get('a', () => Promise.reject(new Error('down'))), 'one')
  clock.now += 50
  await assert.rejects(
    cache.get('a', () => Promise.reject(new Error('down'))),
    /down/,
  )
})

test('a load that began before its key was deleted is not kept, nor joined by later calls', async () => {
  const { cache } = make()
  const { load, answer } = gate<string>()
  const before = cache.get('a', load)
  cache.delete('a')
  const after = cache.get('a', load)
  answer(0, 'old')
  assert.equal(await before, 'old')
  assert.equal(cache.peek('a'), undefined)
  answer(1, 'new')
  assert.equal(await after, 'new')
  assert.equal(cache.peek('a'), 'new')
})

test('a load that began before its tag was dropped is not kept', async () => {
  const { cache } = make()
  const { load, answer } = gate<string>()
  const before = cache.get('a', load, ['tag'])
  cache.dropTag('tag')
  answer(0, 'old')
  assert.equal(await before, 'old')
  assert.equal(cache.peek('a'), undefined)
})

test('a load that began before the cache was cleared is not kept', async () => {
  const { cache } = make()
  const { load, answer } = gate<string>()
  const before = cache.get('a', load)
  cache.clear()
  answer(0, 'old')
  await before
  assert.equal(cache.peek('a'), undefined)
})

test('dropping a tag drops what has it and nothing else', async () => {
  const { cache } = make()
  await cache.get('a', async () => 'one', ['x', 'y'])
  await cache.get('b', async () => 'two', ['y'])
  cache.dropTag('x')
  assert.equal(cache.peek('a'), undefined)
  assert.equal(cache.peek('b'), 'two')
  // An entry kept anew under other tags no longer answers to the old ones.
  await cache.get('a', async () => 'three', ['z'])
  cache.dropTag('y')
  assert.equal(cache.peek('a'), 'three')
  assert.equal(cache.peek('b'), undefined)
})

test('beyond its size the cache drops what has not been used', async () => {
  const { cache, metrics } = make({ maxEntries: 3 })
  for (const key of ['a', 'b', 'c']) await cache.get(key, async () => key)
  cache.peek('a')
  await cache.get('d', async () => 'd')
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map(key => cache.peek(key)),
    ['a', undefined, 'c', 'd'],
  )
  // All are used now: room is made all the same, for the newest.
  await cache.get('e', async () => 'e')
  assert.equal(cache.size, 3)
  assert.equal(cache.peek('e'), 'e')
  assert.match(await metrics.registry.metrics(), /plaza_cache_evictions_total\{cache="test"\} 2/)
})

test('entries together weigh no more than allowed', async () => {
  const { cache } = make({ maxWeight: 10, weigh: value => value.length })
  await cache.get('a', async () => '12345')
  await cache.get('b', async () => '12345')
  await cache.get('c', async () => '123')
  assert.equal(cache.peek('a'), undefined)
  assert.equal(cache.size, 2)
  assert.equal(await cache.get('huge', async () => 'too long for it'), 'too long for it')
  assert.equal(cache.peek('huge'), undefined)
  assert.equal(cache.peek('b'), '12345')
})

test('many keys are loaded together, each once, in the order asked', async () => {
  const { cache } = make()
  await cache.get('b', async () => 'kept')
  const asked: (readonly string[])[] = []
  const load = async (keys: readonly string[]) => {
    asked.push(keys)
    return new Map(keys.filter(key => key !== 'nobody').map(key => [key, `value of ${key}`]))
  }
  const [first, second] = await Promise.all([
    cache.getMany(['a', 'b', 'c', 'a', 'nobody'], load),
    cache.getMany(['c', 'd'], load),
  ])
  assert.deepEqual(first, ['value of a', 'kept', 'value of c', 'value of a', undefined])
  assert.deepEqual(second, ['value of c', 'value of d'])
  assert.deepEqual(asked, [['a', 'c', 'nobody'], ['d']])
  assert.equal(cache.peek('nobody'), undefined)
})

test('of many keys loaded together, one deleted meanwhile is not kept', async () => {
  const { cache } = make()
  const { load, answer } = gate<Map<string, string>>()
  const both = cache.getMany(['a', 'b'], load)
  cache.delete('a')
  answer(
    0,
    new Map([
      ['a', 'old'],
      ['b', 'good'],
    ]),
  )
  assert.deepEqual(await both, ['old', 'good'])
  assert.equal(cache.peek('a'), undefined)
  assert.equal(cache.peek('b'), 'good')
})

test('an entry older than the version its owner tells is loaded again', async () => {
  const { cache } = make<{ version: number }>()
  const at = (version: number) => async () => ({ version })
  assert.equal((await atLeast(cache, 'ana', 1, at(1))).version, 1)
  assert.equal((await atLeast(cache, 'ana', 1, at(9))).version, 1)
  assert.equal((await atLeast(cache, 'ana', 2, at(2))).version, 2)
})

test('a load that was under way when the version moved does not answer who knows of the newer one', async () => {
  const { cache } = make<{ version: number }>()
  const { load, answer } = gate<{ version: number }>()
  const early = atLeast(cache, 'ana', 1, load)
  const late = atLeast(cache, 'ana', 2, load)
  answer(0, { version: 1 })
  assert.equal((await early).version, 1)
  await new Promise(setImmediate)
  answer(1, { version: 2 })
  assert.equal((await late).version, 2)
})

test('hits and misses are counted', async () => {
  const { cache, metrics } = make()
  await cache.get('a', async () => 'one')
  cache.peek('a')
  const text = await metrics.registry.metrics()
  assert.match(text, /plaza_cache_lookups_total\{cache="test",outcome="hit"\} 1/)
  assert.match(text, /plaza_cache_lookups_total\{cache="test",outcome="miss"\} 1/)
  assert.match(text, /plaza_cache_entries\{cache="test"\} 1/)
})
