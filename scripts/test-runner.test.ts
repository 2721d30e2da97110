import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'

const passes = `import { test } from 'node:test'\ntest('holds', () => {})\n`
const skips = `import { test } from 'node:test'\ntest('wants a server', { skip: 'no server here' }, () => {})\n`
const fails = `import { test } from 'node:test'\ntest('breaks', () => { throw new Error('broken') })\n`

test('the last line counts what passed, failed and was skipped, and the reasons stand above it', t => {
  const { status, output } = npmTest(t, {
    'a.test.ts': passes,
    'b.test.ts': skips,
    'c.heavy.test.ts': passes,
  })
  assert.match(
    output,
    /Not run \(1\): no server here\n {2}- wants a server\n(.*\n)*2 passed, 0 failed, 1 skipped\n$/,
  )
  assert.equal(status, 0)
})

test('a failing test, a file that cannot be loaded and a file without a test fail the run by name', t => {
  const files = { 'a.test.ts': fails, 'b.test.ts': "throw new Error('at load')\n", 'c.test.ts': '\n' }
  const { status, output } = npmTest(t, files)
  assert.match(output, /Failed: breaks {2}\(test\/a\.test\.ts\)/)
  assert.match(output, /Failed: test\/b\.test\.ts as a whole/)
  assert.match(output, /Failed: test\/c\.test\.ts holds no test/)
  assert.match(output, /\n0 passed, 3 failed, 0 skipped\n$/)
  assert.equal(status, 1)
})

test('where nothing may be wanting, a skip fails the run', t => {
  const { status, output } = npmTest(
    t,
    { 'a.test.ts': passes, 'b.test.ts': skips },
    { PLAZA_TEST_REQUIRE_ALL: '1' },
  )
  assert.match(output, /a skip is a failure\.\n(.*\n)*1 passed, 0 failed, 1 skipped\n$/)
  assert.equal(status, 1)
})

test('words choose files by path; --quick leaves heavy files out and says so; choosing nothing is a failure', t => {
  const files = { 'a.test.ts': passes, 'b.test.ts': fails, 'a-big.heavy.test.ts': passes }
  const { status, output } = npmTest(t, files, {}, 'test/a', '--quick')
  assert.match(
    output,
    /Not run \(--quick\): test\/a-big\.heavy\.test\.ts\n(.*\n)*1 passed, 0 failed, 0 skipped\n$/,
  )
  assert.equal(status, 0)
  assert.equal(npmTest(t, files, {}, 'nothing-is-called-so').status, 1)
})

/** The runner in a house of its own that holds just these test files. */
function npmTest(
  t: TestContext,
  files: Record<string, string>,
  env: Record<string, string> = {},
  ...args: string[]
) {
  const house = mkdtempSync(join(tmpdir(), 'plaza-runner-'))
  t.after(() => rmSync(house, { recursive: true }))
  mkdirSync(join(house, 'test'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(house, 'test', name), text)
  for (const script of ['test.ts', 'test-databases.ts'])
    cpSync(join(import.meta.dirname, script), join(house, 'scripts', script))
  symlinkSync(join(import.meta.dirname, '..', 'node_modules'), join(house, 'node_modules'))
  writeFileSync(join(house, 'package.json'), '{ "type": "module" }')
  const { NODE_TEST_CONTEXT: _, PLAZA_TEST_REQUIRE_ALL: __, ...rest } = process.env
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(house, 'scripts', 'test.ts'), ...args],
    {
      cwd: house,
      encoding: 'utf8',
      env: { ...rest, NO_COLOR: '1', ...env },
    },
  )
  return { status, output: stdout + stderr }
}
