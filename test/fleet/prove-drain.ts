import assert from 'node:assert/strict'
import type { Trouble, Writer } from '../kill/writer.ts'
import { Load, type ProvingGround } from './proving-ground.ts'

/** SIGTERM to each process in turn, under load: nobody gets anything but success, unless their connection is refused from the start. */
export async function proveDrain(ground: ProvingGround, people: readonly Writer[]): Promise<void> {
  const { fleet } = ground
  const names = (await fleet.processes()).map(each => each.name)
  for (const name of names) {
    const { pid } = await fleet.named(name)
    await using load = new Load(people, fleet.gateways, isLost)
    await load.more(100)
    process.kill(pid, 'SIGTERM')
    await Promise.race([fleet.untilReady(new Map([[name, pid]])), aborted(load.signal)])
    await load.more(100)
    await load.end().catch((error: Error) => {
      throw new Error(`While ${name} drained: ${error.message}`, { cause: error })
    })
    assert.notEqual((await fleet.named(name)).pid, pid)
    assert.ok(
      fleet.output().includes(`${name} ended by itself (code 0)`),
      `${name} ended in order, and was started again`,
    )
  }
  await ground.compare(people, false)
}

/** Whoever cannot connect was never let in; whatever else went wrong was. */
const isLost = (trouble: Trouble) => !('error' in trouble && trouble.error.code === 'ECONNREFUSED')

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
