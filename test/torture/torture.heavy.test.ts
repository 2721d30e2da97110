import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('the event log under torture, shortly: nothing lost, nothing twice, no stream turned round, in time', async t => {
  const main = join(import.meta.dirname, 'main.ts')
  const child = spawn(process.execPath, [main, '--ci'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(text))
  const code = await new Promise(resolve => child.once('close', resolve))
  const output = lines.join('')
  t.diagnostic(output)
  assert.equal(code, 0, output)
})
