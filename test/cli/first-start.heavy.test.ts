import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { HttpSender } from '../acceptance/http-answer.ts'
import type { Page, Post, Profile, SignedIn } from '../acceptance/shapes.ts'
import { type PlazaProcess, runPlaza, startPlaza, temporaryFolder } from '../plaza-process.ts'

const cheap = { PLAZA_BCRYPT_COST: '10', LOG_LEVEL: 'warn' }

test('from the first start to a full plaza, as the banner tells it', { timeout: 300_000 }, async context => {
  await using folder = await temporaryFolder()
  let plaza = await startPlaza({ dataFolder: folder.path, env: cheap })
  try {
    await context.test(
      'the banner says what runs, where the docs are and, once, who the admin is',
      async () => {
        const banner = plaza.output()
        assert.match(banner, /services +auth, users, posts, timelines/)
        assert.match(banner, /database +PostgreSQL 18/)
        assert.match(banner, /docs +http:\S+\/docs/)
        const [, login, password] = /admin +(\S+), password (\S+) \(shown this once\)/.exec(banner) ?? []
        const { status, body } = await send(plaza, 'POST', '/auth/login', { login, password })
        assert.equal(status, 200)
        assert.ok((body as SignedIn).user.roles.includes('admin'))
      },
    )

    await context.test('its three curl lines work when pasted', async () => {
      const lines = plaza
        .output()
        .split('\n')
        .map(line => line.trim())
        .filter(line => /^(TOKEN=\$\(curl|curl) /.test(line))
      assert.equal(lines.length, 3)
      const { stdout } = await promisify(execFile)('bash', ['-euc', lines.join('\necho\n')])
      const [post = '', home = ''] = stdout.split('\n').filter(line => line !== '')
      const written = JSON.parse(post) as Post
      assert.equal(written.text, 'Hello, #plaza!')
      assert.deepEqual(written.tags, ['plaza'])
      const timeline = JSON.parse(home) as Page<Post>
      assert.deepEqual(
        timeline.items.map(each => each.id),
        [written.id],
      )
    })

    await context.test('the demo fills it, and run again adds nothing', async () => {
      for (const _ of ['first', 'again']) {
        const args = ['demo', '--people', '20', '--posts', '3', '--url', plaza.url]
        const { code, output } = await runPlaza(args, {})
        assert.equal(code, 0, output)
        assert.match(output, /people .*20\/20/s)
        assert.match(output, /posts .*60\/60/s)
        const [, login, password] = /\{"login":"(\S+)","password":"([^"]+)"\}/.exec(output) ?? []
        const signedIn = await send(plaza, 'POST', '/auth/login', { login, password })
        assert.equal(signedIn.status, 200, signedIn.text)
        const { accessToken, user } = signedIn.body as SignedIn
        const posts = await send(plaza, 'GET', `/users/${user.id}/posts`, undefined, accessToken)
        assert.equal((posts.body as Page<Post>).items.length, 3)
        const following = await send(
          plaza,
          'GET',
          `/users/${user.id}/following?limit=100`,
          undefined,
          accessToken,
        )
        const followers = await send(
          plaza,
          'GET',
          `/users/${user.id}/followers?limit=100`,
          undefined,
          accessToken,
        )
        const ids = ({ body }: typeof following) =>
          (body as Page<Profile>).items.map(each => each.id).toSorted()
        assert.ok(ids(following).length > 0)
        assert.deepEqual(ids(following), ids(followers), 'every edge goes in both directions')
      }
      const timeline = await send(plaza, 'GET', '/timelines/public?limit=100')
      assert.equal((timeline.body as Page<Post>).items.length, 61)
    })

    await context.test('plaza doctor finds all well beside it', async () => {
      const env = { PLAZA_DATA: folder.path, PORT: new URL(plaza.url).port }
      const { code, output } = await runPlaza(['doctor'], env)
      assert.equal(code, 0, output)
      assert.match(output, /ok +Node\.js 26/)
      assert.match(output, /ok +PostgreSQL 18/)
      assert.match(output, /ok +durable: fsync on, synchronous_commit on/)
      assert.match(output, /ok +the Plaza at 127\.0\.0\.1:\d+ answers 200/)
      assert.match(output, /All is well/)
    })

    await context.test('a second Plaza on the same data is refused, and says which and why', async () => {
      const { code, output } = await runPlaza(['start'], { PLAZA_DATA: folder.path, PORT: '0' }, 30_000)
      assert.equal(code, 1)
      assert.ok(output.includes(folder.path), output)
      assert.ok(output.includes(String(plaza.pid)), output)
      assert.doesNotMatch(output, /\bat .*:\d+:\d+/)
      assert.equal((await send(plaza, 'GET', '/timelines/public')).status, 200, 'the first one goes on')
    })

    await context.test('a port that is taken is named', async () => {
      await using other = await temporaryFolder()
      const port = new URL(plaza.url).port
      const { code, output } = await runPlaza(['start'], { PLAZA_DATA: other.path, PORT: port }, 60_000)
      assert.equal(code, 1)
      const last = output.split('\n').find(line => line.startsWith('Plaza: ')) ?? output
      assert.ok(last.startsWith(`Plaza: 127.0.0.1:${port} is in use: set PORT to another`), last)
    })

    await context.test(
      'ctrl-C ends it cleanly; the next start has everything and shows no password',
      async () => {
        process.kill(plaza.pid, 'SIGINT')
        assert.deepEqual(await plaza.stop(), { code: 0, signal: null })
        plaza = await startPlaza({ dataFolder: folder.path, env: cheap })
        assert.doesNotMatch(plaza.output(), /shown this once/)
        const { body } = await send(plaza, 'GET', '/timelines/public?limit=100')
        assert.equal((body as Page<Post>).items.length, 61)
      },
    )
  } finally {
    await plaza.stop()
  }
})

async function send({ url }: PlazaProcess, method: string, path: string, body?: unknown, token?: string) {
  const sender = new HttpSender(url)
  try {
    return await sender.send({
      method,
      path: `/api/v1${path}`,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  } finally {
    sender.close()
  }
}
