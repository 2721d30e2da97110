import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lastLines, openServerLog } from './server-log.ts'

test('the last lines of a log are those after a size, and none when nothing was written', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'plaza-log-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'postgres.log')
  await writeFile(path, 'old\none\ntwo\nthree\n')
  await using log = await openServerLog(path)
  assert.equal(await lastLines(log, 4, 2), 'two\nthree')
  assert.equal(await lastLines(log, 4), 'one\ntwo\nthree')
  assert.equal(await lastLines(log, 18), '')
  assert.equal(await lastLines(log, 1_000), '')
})
