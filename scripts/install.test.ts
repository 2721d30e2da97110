import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'

type Packages = Record<string, { version: string; integrity?: string; optional?: true }>

const wanted: Packages = {
  '': { version: '0.1.0' },
  'node_modules/node': { version: '26.1.0', integrity: 'sha512-a' },
  'node_modules/pg': { version: '8.0.0', integrity: 'sha512-b' },
  'node_modules/of-another-platform': { version: '1.0.0', integrity: 'sha512-c', optional: true },
}
const { 'node_modules/of-another-platform': _, ...installed } = wanted

test('what is installed as locked is left alone, in silence', t => {
  const { status, output, asked } = install(t, { before: installed })
  assert.deepEqual({ status, output, asked }, { status: 0, output: '', asked: false })
})

test('a first start installs, says so, and says how long it took', t => {
  const { status, output } = install(t, {})
  assert.match(
    output,
    /^Installing Plaza's packages \(first time on this machine; .*\) …\nInstalled in \d+ s\.\n$/,
  )
  assert.equal(status, 0)
})

test('a changed lock file installs again: another version, another content, a new package', t => {
  const pg = installed['node_modules/pg']!
  for (const before of [
    { ...installed, 'node_modules/pg': { ...pg, version: '7.0.0' } },
    { ...installed, 'node_modules/pg': { ...pg, integrity: 'sha512-x' } },
    { 'node_modules/node': installed['node_modules/node']! },
  ])
    assert.match(install(t, { before }).output, /package-lock\.json changed: pg/)
})

test('a missing pinned Node.js installs again; if npm does not bring it, the message says what to do', t => {
  const { status, output } = install(t, { before: installed, node: null, nodeAfter: null })
  assert.match(output, /the pinned Node\.js is missing.*\n.*npm rebuild --ignore-scripts=false/)
  assert.equal(status, 1)
})

test('a failed install says why in a sentence, after npm, without its manual', t => {
  const failures = {
    'npm error code ECONNREFUSED\nnpm error     at stack.trace (file.js:1:1)':
      /the npm registry cannot be reached/,
    'npm error code ENOSPC': /the disk is full/,
    'npm error code EACCES': /no permission to write in/,
    'npm error code EINTEGRITY': /not what package-lock\.json says/,
    'npm error code EUSAGE\nnpm error\nnpm error Clean install a project': /do not belong together/,
    'npm error code EWHATEVER': /npm says why, above/,
  }
  for (const [words, sentence] of Object.entries(failures)) {
    const { status, output } = install(t, { words })
    assert.match(output, sentence)
    assert.match(output, /npm error code E/)
    assert.doesNotMatch(output, /stack\.trace|Clean install/)
    assert.equal(status, 1)
  }
})

interface Scene {
  before?: Packages
  /** What `node_modules/.bin/node --version` says before and after; null: there is none. */
  node?: string | null
  nodeAfter?: string | null
  /** npm fails with these words. */
  words?: string
}

/** A folder with our script in it, and a program in npm's place that lays down what the scene says. */
function install(t: TestContext, { before, node = '26.1.0', nodeAfter = '26.1.0', words }: Scene) {
  const folder = mkdtempSync(join(tmpdir(), 'plaza-install-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const nodeScript = (version: string) => `#!/bin/sh\necho v${version}\n`
  write('package-lock.json', JSON.stringify({ packages: wanted }))
  write('scripts/install.mjs', '')
  copyFileSync(join(import.meta.dirname, 'install.mjs'), join(folder, 'scripts/install.mjs'))
  if (before) write('node_modules/.package-lock.json', JSON.stringify({ packages: before }))
  if (before && node) {
    write('node_modules/.bin/node', nodeScript(node))
    chmodSync(join(folder, 'node_modules/.bin/node'), 0o755)
  }
  write(
    'npm.mjs',
    `import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
    const { words, nodeAfter } = ${JSON.stringify({ words: words ?? null, nodeAfter: nodeAfter && nodeScript(nodeAfter) })}
    writeFileSync('asked', process.argv.slice(2).join(' '))
    if (words) { console.error(words); process.exit(1) }
    rmSync('node_modules', { recursive: true, force: true })
    mkdirSync('node_modules/.bin', { recursive: true })
    if (nodeAfter) writeFileSync('node_modules/.bin/node', nodeAfter, { mode: 0o755 })
    writeFileSync('node_modules/.package-lock.json', JSON.stringify(${JSON.stringify({ packages: installed })}))`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/install.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, npm_execpath: join(folder, 'npm.mjs'), npm_node_execpath: process.execPath },
  })
  const asked = existsSync(join(folder, 'asked'))
  return { status, output: stdout + stderr, asked }
}
