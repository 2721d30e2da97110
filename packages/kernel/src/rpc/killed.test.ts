import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isAppError } from '../contract/index.ts'
import { asking, callBirds } from './serve-birds.ts'

interface Server {
  readonly url: string
  readonly child: ChildProcess
}

async function start(effects: Map<string, number>, port = 0): Promise<Server> {
  const child = fork(fileURLToPath(new URL('./killed-server.ts', import.meta.url)), [`${port}`], {
    stdio: 'inherit',
  })
  const { promise, resolve } = Promise.withResolvers<string>()
  child.on('message', (message: { url?: string; sung?: string }) => {
    if (message.url !== undefined) resolve(message.url)
    if (message.sung !== undefined) effects.set(message.sung, (effects.get(message.sung) ?? 0) + 1)
  })
  return { url: await promise, child }
}

async function kill({ child }: Server): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'close')
}

test('servers killed under load: no command without its key happens twice, none that was answered is lost', async () => {
  const effects = new Map<string, number>()
  let one = await start(effects)
  const two = await start(effects)
  const client = callBirds([one.url, two.url])
  const answered: string[] = []
  const codes = new Set<string>()
  let asked = 0
  let isOver = false
  const ask = async () => {
    while (!isOver) {
      const word = `${++asked}`
      await client.birds.sing({ word }, asking()).then(
        () => answered.push(word),
        (error: unknown) => codes.add(isAppError(error) ? error.code : String(error)),
      )
    }
  }
  const load = Array.from({ length: 16 }, ask)
  for (let round = 0; round < 3; round++) {
    const before = answered.length
    while (answered.length < before + 300) await new Promise(setImmediate)
    await kill(one)
    const after = answered.length
    while (answered.length < after + 300) await new Promise(setImmediate)
    one = await start(effects, Number(new URL(one.url).port))
  }
  isOver = true
  await Promise.all(load)
  await client.remote.close()
  await Promise.all([kill(one), kill(two)])
  assert.ok([...effects.values()].every(count => count === 1))
  // With another address to go to, only what was cut off in the middle fails.
  assert.ok([...codes].every(code => code === 'unknown-outcome'))
})
