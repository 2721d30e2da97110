import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import { eventually } from '../../eventually.ts'
import { expectProblem, expectStatus } from '../expectations.ts'
import type { Job, Page, Post, Profile, Thread } from '../shapes.ts'
import type { Cases } from '../suite.ts'
import type { Person, World } from '../world.ts'

/** How long an export or an erasure of somebody with little may take here (ms). */
const patience = 30_000

export const rights: Cases = {
  'everything that is held of me is exported into one archive, behind a link that nobody else has':
    async world => {
      const [ana, ben] = await world.people('ana', 'ben')
      await world.follow(ana, ben)
      const post = await world.post(ana, 'my words')
      const bens = await world.post(ben, 'not my words')
      await world.post(ana, 'my answer', { replyTo: bens.id })
      expectStatus(await world.api.put(`/posts/${bens.id}/like`, undefined, { as: ana }), 204)
      expectStatus(await world.api.patch('/users/me', { bio: 'my bio' }, { as: ana }), 200)
      const { jobId } = expectStatus(
        await world.api.post<{ jobId: string }>('/users/me/export', undefined, { as: ana }),
        202,
      ).body
      expectProblem(await world.api.get(`/jobs/${jobId}`, { as: ben }), 404, 'job-not-found')
      const job = await finished(world, jobId, ana)
      assert.equal(job.status, 'done', JSON.stringify(job))
      assert.equal(job.progress.done, job.progress.total)
      const { url, expiresAt } = job.result as { url: string; expiresAt: string }
      assert.ok(Date.parse(expiresAt) > Date.now())
      const answer = await fetch(new URL(url, world.topology.url))
      assert.equal(answer.status, 200)
      const text = gunzipSync(Buffer.from(await answer.arrayBuffer())).toString()
      for (const mine of [
        ana.email,
        ana.username,
        'my bio',
        'my words',
        'my answer',
        post.id,
        bens.id,
        ben.id,
      ])
        assert.ok(text.includes(mine), mine)
      for (const line of text.trim().split('\n')) JSON.parse(line)
      assert.ok(!text.includes('not my words') && !/password/i.test(text), text)
      const forged = new URL(url, world.topology.url)
      forged.pathname = `${forged.pathname.slice(0, -4)}AAAA`
      assert.equal((await fetch(forged)).status, 404)
    },

  'erasing my account removes me everywhere and ends with a receipt that the token in hand still reads':
    async world => {
      const [ana, ben] = await world.people('ana', 'ben')
      const word = `e${ana.username.replaceAll('_', '')}`
      await Promise.all([world.follow(ana, ben), world.follow(ben, ana)])
      const post = await world.post(ana, `${word} #${word}`)
      const bens = await world.post(ben, 'by ben')
      const comment = await world.post(ana, `${word} below`, { replyTo: bens.id })
      await world.post(ben, 'an answer that stays', { replyTo: comment.id })
      for (const what of ['like', 'repost'])
        expectStatus(await world.api.put(`/posts/${bens.id}/${what}`, undefined, { as: ana }), 204)
      await eventually(async () => assert.equal((await read(world, bens)).likeCount, 1))
      const erase = () => world.api.delete<{ jobId: string }>('/users/me', { as: ana })
      const { jobId } = expectStatus(await erase(), 202).body
      await eventually(async () => {
        expectProblem(await world.api.get('/users/me', { as: ana }), 401, 'unauthenticated')
      })
      const job = await finished(world, jobId, ana)
      assert.equal(job.status, 'done', JSON.stringify(job))
      const receipt = job.result as { service: string; erased: Record<string, number> }[]
      for (const service of ['auth', 'users', 'posts'])
        assert.ok(
          Object.values(receipt.find(each => each.service === service)?.erased ?? {}).some(n => n > 0),
          `${service}: ${JSON.stringify(receipt)}`,
        )
      assert.equal(expectStatus(await erase(), 202).body.jobId, jobId)
      expectProblem(await world.api.get(`/jobs/${jobId}`, { as: ben }), 404, 'job-not-found')
      expectProblem(
        await world.api.post('/auth/refresh', { refreshToken: ana.refreshToken }),
        401,
        'invalid-refresh-token',
      )
      const login = { login: ana.email, password: ana.password }
      expectProblem(await world.api.post('/auth/login', login), 401, 'invalid-credentials')
      await eventually(async () => {
        expectProblem(await world.api.get(`/posts/${post.id}`), 404, 'post-not-found')
        expectProblem(await world.api.get(`/users/${ana.id}`), 404, 'user-not-found')
        assert.deepEqual(
          (await world.api.get<Page<Profile>>(`/users?username=${ana.username}`)).body.items,
          [],
        )
        assert.deepEqual(await world.texts('/timelines/home', ben), ['by ben'])
        assert.deepEqual(await world.texts(`/search?q=${word}`), [])
        assert.deepEqual(await world.texts(`/tags/${word}/posts`), [])
        const profile = expectStatus(await world.api.get<Profile>(`/users/${ben.id}`), 200).body
        assert.deepEqual([profile.followerCount, profile.followingCount], [0, 0])
        const seen = await read(world, bens)
        assert.deepEqual([seen.likeCount, seen.repostCount], [0, 0])
        const { text, body } = await world.api.get<Thread>(`/posts/${bens.id}/thread`)
        assert.deepEqual(
          body.descendants.map(each => [each.deleted ?? false, each.text]),
          [
            [true, ''],
            [false, 'an answer that stays'],
          ],
        )
        assert.ok(!text.includes(ana.id) && !text.includes(ana.username) && !text.includes(word), text)
      }, 3_000)
    },

  'nobody erases or exports for somebody else, or without a token': async world => {
    const ana = await world.person()
    expectProblem(await world.api.delete('/users/me'), 401, 'unauthenticated')
    expectProblem(await world.api.post('/users/me/export'), 401, 'unauthenticated')
    const elsewhere = await world.api.delete(`/users/${ana.id}`, { as: await world.person('ben') })
    assert.ok([404, 405].includes(elsewhere.status), elsewhere.text)
    expectStatus(await world.api.get('/users/me', { as: ana }), 200)
  },

  'who erased their account can register again with the same name, as somebody new': async world => {
    const ana = await world.person()
    const { jobId } = expectStatus(
      await world.api.delete<{ jobId: string }>('/users/me', { as: ana }),
      202,
    ).body
    assert.equal((await finished(world, jobId, ana)).status, 'done')
    const { email, username, password } = ana
    const again = await world.api.post<{ user: Profile }>('/auth/register', { email, username, password })
    assert.notEqual(expectStatus(again, 201).body.user.id, ana.id)
  },
}

function finished(world: World, id: string, as: Person): Promise<Job> {
  return eventually(async () => {
    const { body } = expectStatus(await world.api.get<Job>(`/jobs/${id}`, { as }), 200)
    assert.ok(body.status === 'done' || body.status === 'failed', JSON.stringify(body))
    return body
  }, patience)
}

async function read(world: World, { id }: Pick<Post, 'id'>): Promise<Post> {
  return expectStatus(await world.api.get<Post>(`/posts/${id}`), 200).body
}
