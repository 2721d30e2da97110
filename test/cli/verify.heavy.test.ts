import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownerUrlOf } from '@plaza/kernel/postgres'
import pg from 'pg'
import { runPlaza, startPlaza, temporaryFolder } from '../plaza-process.ts'

const env = {
  PLAZA_BCRYPT_COST: '10',
  PLAZA_ADMIN_EMAIL: 'root@plaza.example',
  PLAZA_ADMIN_PASSWORD: 'an admin of the tests alone',
}

test('the promises are verified beside a Plaza that runs, and alone; what is broken by hand is found', {
  timeout: 300_000,
}, async context => {
  await using folder = await temporaryFolder()
  const plaza = await startPlaza({ dataFolder: folder.path, env })
  const address = new URL(plaza.url)
  const run = (...args: string[]) =>
    runPlaza(['verify', ...args], {
      PLAZA_DATA: folder.path,
      HOST: address.hostname,
      PORT: address.port,
    })
  let stopped = false
  try {
    await context.test('all is as promised beside a Plaza that runs', async () => {
      const { code, output } = await run()
      assert.equal(code, 0, output)
      assert.match(output, /✔ {2}users +no account is without a profile/)
      assert.match(output, /✔ {2}auth +each job is begun within 10 minutes/)
      assert.match(output, /promises were checked, none is broken/)
    })

    await context.test(
      'a count and a profile that are broken by hand are found, with their ids',
      async () => {
        const client = new pg.Client({ connectionString: await ownerUrlOf(folder.path) })
        await client.connect()
        try {
          await client.query('update users.people set follower_count = 7')
          const { code, output } = await run('--service', 'users')
          assert.equal(code, 1, output)
          assert.match(
            output,
            /✖ users counts: 1 breach\n {2}user_\w+ {2}says 7 followers, .* has 0 followers/,
          )
          assert.doesNotMatch(output, / auth /)
          const json = await run('--service', 'users', '--json')
          assert.equal(json.code, 1)
          const { checks } = JSON.parse(json.output) as { checks: { check: string; breaches: unknown[] }[] }
          assert.equal(checks.find(each => each.check === 'counts')?.breaches.length, 1)
          await client.query('update users.people set follower_count = 0')
        } finally {
          await client.end()
        }
      },
    )

    await context.test('a service that is none is refused', async () => {
      const { code, output } = await run('--service', 'nobody')
      assert.equal(code, 2)
      assert.match(output, /choose from auth, users, posts, timelines/)
    })

    await context.test('alone it says what it did not look at', async () => {
      await plaza.stop()
      stopped = true
      const { code, output } = await run()
      assert.equal(code, 0, output)
      assert.match(output, /– auth \$jobs was not looked at: nobody is at work/)
    })

    await context.test('without a database nothing can be checked', async () => {
      const { code, output } = await runPlaza(['verify'], {
        PLAZA_DATA: folder.path,
        DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/none',
      })
      assert.equal(code, 2, output)
    })
  } finally {
    if (!stopped) await plaza.stop()
  }
})
