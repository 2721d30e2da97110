import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { requirement, skipUnless } from './requirements.ts'

const nobody = {
  PLAZA_TEST_POSTGRES15_URL: 'postgres://postgres:hunter2@127.0.0.1:1/postgres',
  PLAZA_TEST_REQUIRE_ALL: '',
}

test('a test whose server is wanting is skipped with a reason that names the place, never the password', async () => {
  const { skip } = await askElsewhere("await skipUnless('postgresql-15')", nobody)
  assert.match(skip, /^no PostgreSQL 15 server answers at 127\.0\.0\.1:1 .*PLAZA_TEST_POSTGRES15_URL/)
  assert.doesNotMatch(skip, /hunter2/)
})

test('where nothing may be wanting, it stops the test file instead', async () => {
  await assert.rejects(
    askElsewhere("await skipUnless('postgresql-15')", { ...nobody, PLAZA_TEST_REQUIRE_ALL: '1' }),
    /PLAZA_TEST_REQUIRE_ALL=1, but no PostgreSQL 15 server answers/,
  )
})

test('programs of another version do not count', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plaza-programs-'))
  try {
    for (const program of ['initdb', 'postgres', 'pg_ctl', 'pg_dump', 'pg_restore', 'pg_basebackup', 'psql'])
      await writeFile(join(folder, program), '#!/bin/sh\necho "postgres (PostgreSQL) 14.9"\n', {
        mode: 0o755,
      })
    const state = await askElsewhere("await requirement('postgresql-15-programs')", {
      PLAZA_TEST_POSTGRES15_BIN: folder,
    })
    assert.equal(state.available, false)
    assert.match(state.reason, /holds postgres \(PostgreSQL\) 14\.9, not PostgreSQL 15/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test(
  'what this machine has is found',
  await skipUnless('postgresql-15', 'postgresql-15-programs'),
  async () => {
    assert.deepEqual(Object.keys(await requirement('postgresql-15')), ['available', 'at'])
    assert.deepEqual(Object.keys(await requirement('postgresql-15-programs')), ['available', 'at'])
  },
)

/** In a process of its own, since what was found is remembered and the environment is read only then. */
async function askElsewhere(
  expression: string,
  env: Record<string, string>,
): Promise<{ skip: string; available: boolean; reason: string }> {
  const module = JSON.stringify(join(import.meta.dirname, 'requirements.ts'))
  const script = `import { requirement, skipUnless } from ${module}\nvoid [requirement, skipUnless]\nconsole.log(JSON.stringify(${expression}))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module-typescript', '-e', script],
    {
      env: { ...process.env, ...env },
    },
  )
  return JSON.parse(stdout)
}
