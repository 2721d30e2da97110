import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

// Right it must be each time. In time it may be at the second or third try: a busy machine can delay one run, hardly three.
const tries = 3
const lateOnly = 2

test('the event log under torture, shortly: nothing lost, nothing twice, no stream turned round, in time', async t => {
  for (let left = tries; left > 0; left--) {
    const { code, output } = await torture()
    t.diagnostic(output)
    if (code === lateOnly && left > 1) continue
    assert.equal(code, 0, output)
    return
  }
})

async function torture(): Promise<{ code: number | null; output: string }> {
  const main = join(import.meta.dirname, 'main.ts')
  const child = spawn(process.execPath, [main, '--ci'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(text))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, output: lines.join('') }
}
