import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { OwnProcess } from './own-process.ts'

/** The last test of a topology: it ends in order, and nothing had gone wrong inside. */
export async function assertCleanEnd(context: TestContext, plaza: OwnProcess): Promise<void> {
  await context.test('it stops when told to, and nothing had gone wrong inside', async () => {
    const { code, signal, output } = await plaza.stop()
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, output)
    const wrong = /"log\.level":"(error|fatal)"|connection was lost|ended by itself/
    const errors = output.split('\n').filter(line => wrong.test(line))
    assert.deepEqual(errors, [])
  })
}
