import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeCall, newContext } from '@plaza/kernel/call'
import { toConfig } from '@plaza/kernel/config'
import { contract } from '@plaza/kernel/contract'
import { newId } from '@plaza/kernel/data'
import { remoteCalls, rpcServer } from '@plaza/kernel/rpc'
import { scratchDatabase } from '@plaza/kernel/scratch-database'
import { host, service } from '@plaza/kernel/service'
import { makeLogger, makeMetrics } from '@plaza/kernel/telemetry'
import { gateway as gatewayContract } from '../src/contract.ts'
import { createGateway } from '../src/gateway.ts'

const secret = 'a secret for tests only, 32 letters'
const nowhere = 'http://127.0.0.1:1'
const notes = contract('notes', {})
const songs = contract('songs', {})

test('services elsewhere are asked; one that is down is shown as such and stops nothing else', async () => {
  await using undo = new AsyncDisposableStack()
  const config = toConfig({ PLAZA_SECRET: secret, PORT: '0' })
  const log = makeLogger({ level: 'silent', pretty: false })
  const metrics = makeMetrics()
  const scratch = undo.use(await scratchDatabase())
  const databaseUrls = await scratch.migrate([{ name: 'notes', migrations: undefined }])
  const definition = service(notes, undefined, () => ({ handlers: {} }))
  const version = '7.8.9'
  const there = await host({ services: [definition], databaseUrls, config, log, metrics, version })
  undo.defer(() => there.stop())
  await there.start()
  const server = rpcServer({
    host: there,
    services: ['notes'],
    secret,
    listen: { host: '127.0.0.1', port: 0 },
    log,
    metrics,
  })
  const address = await server.listen()
  undo.defer(() => server.close(5_000))

  const addresses = new Map([
    ['notes', [address, nowhere]],
    ['songs', [nowhere]],
  ])
  const contracts = [notes, songs]
  const remote = remoteCalls({ contracts, addresses, secret, name: 'test', log, metrics: makeMetrics() })
  undo.defer(() => remote.close())
  const empty = { services: [], databaseUrls: new Map<string, string>(), metrics: makeMetrics() }
  const here = await host({ ...empty, contracts, remote, config, log })
  const gateway = createGateway({ host: here, remote, config, log, metrics: empty.metrics, version: '1.2.3' })
  const url = await gateway.listen()
  undo.defer(() => gateway.close())
  const ask = makeCall(here.dispatcher)(gatewayContract)

  const { items } = await ask.listServices({}, forOps())
  const found = new Map(items.map(each => [each.name, each]))
  assert.equal(found.get('notes')?.isReady, true)
  assert.deepEqual(
    found.get('notes')?.instances.map(each => [each.version, each.isReady]),
    [[version, true]],
  )
  assert.match(found.get('notes')?.notReady.join() ?? '', /^http:\/\/127\.0\.0\.1:1: .*does not answer/)
  assert.deepEqual([found.get('songs')?.isReady, found.get('songs')?.instances], [false, []])
  assert.equal(found.get('gateway')?.isReady, true)

  const ready = await fetch(`${url}/health/ready`)
  assert.equal(ready.status, 200)
  const { parts } = (await ready.json()) as { parts: unknown }
  assert.deepEqual(parts, [
    { name: 'notes', status: 'ready' },
    { name: 'songs', status: 'not ready' },
    { name: 'gateway', status: 'ready' },
  ])

  const context = forOps()
  assert.deepEqual((await ask.listDeadLetters({}, context)).items, [])
  assert.equal(context.answer.degraded, true)
})

function forOps() {
  const identity = { userId: newId('user', 1), sessionId: newId('session', 1), roles: ['admin'] as const }
  return newContext({ requestId: 'test', deadline: Date.now() + 20_000, identity, caller: 'edge' })
}
