import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { ownerUrlOf } from '@plaza/kernel/postgres'
import pg from 'pg'
import { HttpSender } from '../acceptance/http-answer.ts'
import type { Page, Profile, SignedIn } from '../acceptance/shapes.ts'
import { eventually } from '../eventually.ts'
import { runPlaza, startPlaza, temporaryFolder } from '../plaza-process.ts'

const admin = { login: 'root@plaza.example', password: 'an admin of the tests alone' }

// Nothing in good order parks an event: the test parks some by hand, as if the count of posts had failed.
test('dead letters are listed, retried and dropped, at the command line and over HTTP', {
  timeout: 180_000,
}, async context => {
  await using folder = await temporaryFolder()
  const env = {
    PLAZA_BCRYPT_COST: '10',
    PLAZA_ADMIN_EMAIL: admin.login,
    PLAZA_ADMIN_PASSWORD: admin.password,
  }
  const plaza = await startPlaza({ dataFolder: folder.path, env })
  const sender = new HttpSender(plaza.url)
  const client = new pg.Client({ connectionString: await ownerUrlOf(folder.path) })
  client.on('error', () => {})
  await client.connect()
  const run = (...args: string[]) => runPlaza(['dead-letters', ...args], { PLAZA_DATA: folder.path })

  let token: string | undefined
  const ask = async <T>(method: string, path: string, body?: unknown) => {
    const answer = await sender.send({
      method,
      path: `/api/v1${path}`,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: answer.body as T }
  }
  const signedIn = (await ask<SignedIn>('POST', '/auth/login', admin)).body
  token = signedIn.accessToken
  const { id: userId } = signedIn.user

  const park = async (version: number) => {
    const event = { postId: 'post_01h455vb4pex5vsknk084sn02q', authorId: userId, visibility: 'public' }
    const { rows } = await client.query<{ id: string }>(
      `insert into users.dead_letters (subscription, producer, event, type, stream, version, data, happened_at, attempts, error)
       values ('post-counts', 'posts', $1, 'posted', $2, $3, $4, now(), 5, 'parked by a test') returning id`,
      [randomUUID(), userId, version, event],
    )
    return rows[0]!.id
  }
  const expectPosts = (count: number) =>
    eventually(async () => {
      assert.equal((await ask<Profile>('GET', `/users/${userId}`)).body.postCount, count)
    })

  try {
    await context.test('there are none at first', async () => {
      const { code, output } = await run('list')
      assert.equal(code, 0, output)
      assert.match(output, /There are no dead letters/)
    })

    await context.test('a parked event is listed with where it belongs and why it failed', async () => {
      const id = await park(1)
      const { code, output } = await run('list')
      assert.equal(code, 0, output)
      assert.ok(output.includes(`users/${id}`), output)
      assert.match(output, /post-counts ← posts\.posted/)
      assert.match(output, /5 attempts: parked by a test/)
      assert.match((await run('list', '--service', 'posts')).output, /There are no dead letters/)
      const { body } = await ask<Page<Record<string, unknown>>>('GET', '/ops/dead-letters')
      assert.equal(body.items[0]?.id, `users.${id}`)
      assert.equal(body.items[0]?.error, 'parked by a test')
    })

    await context.test('a retry handles it once and it is gone', async () => {
      const { rows } = await client.query<{ id: string }>('select id from users.dead_letters')
      const { code, output } = await run('retry', `users/${rows[0]!.id}`)
      assert.equal(code, 0, output)
      assert.match(output, /1 handled, 0 of the stream still parked/)
      await expectPosts(1)
      assert.match((await run('list')).output, /There are no dead letters/)
      const again = await run('retry', `users/${rows[0]!.id}`)
      assert.equal(again.code, 1)
      await expectPosts(1)
    })

    await context.test('a dropped one has no effect', async () => {
      const id = await park(2)
      const { code, output } = await run('drop', `users/${id}`)
      assert.equal(code, 0, output)
      assert.match(output, new RegExp(`users/${id} is dropped`))
      await expectPosts(1)
      assert.match((await run('list')).output, /There are no dead letters/)
    })

    await context.test('the same over HTTP', async () => {
      const [third, fourth] = [await park(3), await park(4)]
      const retried = await ask<{ handled: number; left: number }>(
        'POST',
        `/ops/dead-letters/users.${third}/retry`,
      )
      assert.equal(retried.status, 200)
      assert.ok(retried.body.handled >= 1, JSON.stringify(retried.body))
      if (retried.body.handled === 1) {
        const dropped = await ask('DELETE', `/ops/dead-letters/users.${fourth}`)
        assert.equal(dropped.status, 204)
      }
      assert.deepEqual((await ask<Page<unknown>>('GET', '/ops/dead-letters')).body.items, [])
      await expectPosts(1 + retried.body.handled)
    })

    await context.test('an id of none, or of no service, is refused with how ids look', async () => {
      for (const id of ['17', 'users/x', 'users/1/2']) {
        const { code, output } = await run('retry', id)
        assert.equal(code, 1)
        assert.match(output, /as in users\/17/)
      }
      const nowhere = await run('drop', 'nobody/1')
      assert.equal(nowhere.code, 1)
      assert.match(nowhere.output, /choose from auth, users, posts, timelines/)
      assert.equal((await run('drop', 'users/999')).code, 1)
    })
  } finally {
    await client.end()
    sender.close()
    await plaza.stop()
  }
})
