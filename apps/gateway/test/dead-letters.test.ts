import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newContext } from '@plaza/kernel/call'
import { toConfig } from '@plaza/kernel/config'
import { contract, type PageOf } from '@plaza/kernel/contract'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { host, service } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import type { DeadLetter } from '../src/contract.ts'
import { listDeadLetters } from '../src/dead-letters.ts'

test('dead letters of several services are the same pages forwards and back', async () => {
  await using undo = new AsyncDisposableStack()
  const scratch = undo.use(await scratchDatabase())
  const names = ['birds', 'cats', 'dogs', 'eels']
  const definitions = names.map(name => service(contract(name, {}, {}), undefined, () => ({ handlers: {} })))
  const databaseUrls = await scratch.migrate(names.map(name => ({ name, migrations: undefined })))
  const services = await host({
    services: definitions,
    databaseUrls,
    config: toConfig({ PLAZA_SECRET: 'a secret for tests only, 32 letters' }),
    log: makeLogger({ level: 'silent', pretty: false }),
    metrics: makeMetrics(),
  })
  undo.defer(() => services.stop())
  await services.start()
  const owner = await scratch.connect()
  // The first, the last and one in between have none.
  for (const [name, count] of [
    ['birds', 0],
    ['cats', 5],
    ['eels', 0],
    ['dogs', 4],
  ] as const)
    await owner.query(
      `insert into ${name}.dead_letters (subscription, producer, event, type, stream, version, data, happened_at, attempts, error)
       select 'echo', 'notes', gen_random_uuid(), 'written', 's', n, '{}', now(), 5, 'broken' from generate_series(1, ${count}) n`,
    )
  const list = listDeadLetters(services, 'gateway')
  const page = (limit: number, cursor?: string | null) =>
    list(
      { limit, ...(typeof cursor === 'string' && { cursor }) },
      newContext({ requestId: 'test', deadline: Date.now() + 60_000 }),
    )
  const idsOf = ({ items }: PageOf<DeadLetter>) => items.map(each => each.id)
  const all = idsOf(await page(100))
  assert.equal(all.length, 9)
  for (const limit of [1, 2, 3, 4, 5, 8, 9]) {
    const forwards = [await page(limit)]
    while (forwards.at(-1)!.nextCursor !== null) forwards.push(await page(limit, forwards.at(-1)!.nextCursor))
    assert.deepEqual(forwards.flatMap(idsOf), all)
    assert.equal(forwards.length, Math.ceil(9 / limit), 'no page is empty')
    assert.equal(forwards[0]!.prevCursor, null)

    const back = [forwards.at(-1)!]
    while (back[0]!.prevCursor !== null) back.unshift(await page(limit, back[0]!.prevCursor))
    assert.deepEqual(back.map(idsOf), forwards.map(idsOf))
    assert.deepEqual(
      back.map(each => each.nextCursor),
      forwards.map(each => each.nextCursor),
    )
  }
  await assert.rejects(page(3, '~nowhere.1'), { code: 'invalid-cursor' })
})
