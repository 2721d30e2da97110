import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newContext } from '../call/index.ts'
import { toConfig } from '../config/index.ts'
import { Closed, command, contract, event, query, Type } from '../contract/index.ts'
import { scratchDatabase } from '../data/scratch-database.ts'
import { appendEvents, broadcast, newEvent } from '../events/index.ts'
import { remoteCalls, rpcServer } from '../rpc/index.ts'
import { makeLogger, makeMetrics } from '../telemetry/index.ts'
import { type HostOptions, host, kernelOf, type ServiceDefinition, service } from './index.ts'

const Word = Closed({ word: Type.String() })
const internal = { access: 'internal', input: Word, output: Word } as const
const birds = contract('birds', { hear: query(internal), sing: command(internal) }, { sang: event(Word) })
const nests = contract('nests', { ask: query(internal), heard: query(internal) })
const secret = 'a secret for tests only, 32 letters'
const log = makeLogger({ level: 'silent', pretty: false })
const asking = () => newContext({ requestId: 'test', deadline: Date.now() + 20_000 })

const birdsService = service(birds, undefined, ({ db }) => ({
  handlers: {
    hear: ({ word }) => ({ word: `${word}!` }),
    sing: async input => {
      await db.transaction(tx => appendEvents(tx, [newEvent(birds, 'sang', 'tree', input)]))
      return input
    },
  },
}))

/** Two hosts on one database, as two processes would be: birds here, nests there. */
async function apart() {
  await using undo = new AsyncDisposableStack()
  const scratch = undo.use(await scratchDatabase())
  const all = [birdsService.contract, nests]
  const databaseUrls = await scratch.migrate(all.map(({ name }) => ({ name, migrations: undefined })))
  const config = toConfig({ PLAZA_SECRET: secret })
  const songs: string[] = []
  const nestsService = service(nests, undefined, ({ call }) => ({
    handlers: {
      ask: (input, context) => call(birds).hear(input, context),
      heard: () => ({ word: songs.join(' ') }),
    },
    subscriptions: [broadcast('songs', birds, { sang: ({ data }) => void songs.push(data.word) }, () => {})],
  }))
  const start = async (definition: ServiceDefinition, more: Partial<HostOptions> = {}) => {
    const one = await host({
      services: [definition],
      contracts: all,
      databaseUrls,
      config,
      log,
      metrics: makeMetrics(),
      version: '1.2.3',
      ...more,
    })
    undo.defer(() => one.stop())
    return one
  }
  const there = await start(birdsService)
  const listen = { host: '127.0.0.1', port: 0 }
  const server = rpcServer({
    host: there,
    services: there.hosted,
    secret,
    listen,
    log,
    metrics: makeMetrics(),
  })
  const addresses = new Map([['birds', [await server.listen()]]])
  undo.defer(() => server.close(5_000))
  await there.start()
  const remote = remoteCalls({
    contracts: all,
    addresses,
    secret,
    name: 'nests',
    log,
    metrics: makeMetrics(),
  })
  undo.defer(() => remote.close())
  const here = await start(nestsService, { remote, instance: 'nests-1' })
  await here.start()
  const parts = undo.move()
  return { here, there, remote, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

test('services in two processes call each other and hear each other, as in one', async () => {
  await using plaza = await apart()
  const { here, there } = plaza
  assert.deepEqual([here.hosted, here.contracts.length], [['nests'], 2])
  assert.deepEqual(await here.call(nests).ask({ word: 'hi' }, asking()), { word: 'hi!' })
  await here.call(birds).sing({ word: 'tweet' }, asking())
  const heard = async () => (await here.call(nests).heard({ word: '' }, asking())).word
  while ((await heard()) === '') await new Promise(setImmediate)
  assert.equal(await heard(), 'tweet')
  await assert.rejects(there.call(nests).ask({ word: 'hi' }, asking()), { code: 'unavailable' })
})

test('what a process serves to others are its own services: calls do not travel on', async () => {
  await using plaza = await apart()
  await assert.rejects(plaza.here.local.invoke('birds', 'hear', { word: 'hi' }, asking()), {
    code: 'unavailable',
  })
})

test('each instance tells what it is', async () => {
  await using plaza = await apart()
  const own = await plaza.here.call(kernelOf(nests)).$instance({}, asking())
  assert.deepEqual(
    [own.instance, own.service, own.version, own.pid, own.isReady, own.notReady],
    ['nests-1', 'nests', '1.2.3', process.pid, true, []],
  )
  const [other, ...more] = await plaza.remote.instancesOf('birds')
  assert.equal(more.length, 0)
  const view = (await other!.dispatcher.invoke('birds', '$instance', {}, asking())) as typeof own
  assert.equal(view.service, 'birds')
  assert.match(view.instance, new RegExp(`:${process.pid}$`))
  assert.ok(Math.abs(view.clock - Date.now()) < 60_000)
  assert.notEqual(view.contract, own.contract)
})
