import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadSecret } from './secret.ts'

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'plaza-secret-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

test('the secret is made once, readable by its owner alone, and found again', async () => {
  await using folder = await temporaryFolder()
  const dataFolder = join(folder.path, 'data')
  const made = await loadSecret({ secret: undefined, dataFolder })
  assert.ok(made.length >= 43)
  assert.equal(await loadSecret({ secret: undefined, dataFolder }), made)
  if (process.platform !== 'win32') assert.equal((await stat(join(dataFolder, 'secret'))).mode & 0o777, 0o600)
})

test('processes that start at once agree on one secret and leave nothing else behind', async () => {
  await using folder = await temporaryFolder()
  const config = { secret: undefined, dataFolder: folder.path }
  const made = await Promise.all(Array.from({ length: 20 }, () => loadSecret(config)))
  assert.equal(new Set(made).size, 1)
  assert.deepEqual(await readdir(folder.path), ['secret'])
})

test('a secret that was given is used, and none is made', async () => {
  await using folder = await temporaryFolder()
  assert.equal(await loadSecret({ secret: 'given', dataFolder: folder.path }), 'given')
  assert.deepEqual(await readdir(folder.path), [])
})

test('a file that holds no secret stops the start: a new secret would lose what the old one sealed', async () => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'secret'), '\n')
  await assert.rejects(loadSecret({ secret: undefined, dataFolder: folder.path }), /holds no secret/)
})
