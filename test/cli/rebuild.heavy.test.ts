import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownerUrlOf } from '@plaza/kernel/postgres'
import pg from 'pg'
import { runPlaza, startPlaza, temporaryFolder } from '../plaza-process.ts'

const env = { PLAZA_BCRYPT_COST: '10' }

test('the search index is rebuilt by the Plaza that runs; alone the rebuild waits for one', {
  timeout: 300_000,
}, async context => {
  await using folder = await temporaryFolder()
  let plaza = await startPlaza({ dataFolder: folder.path, env })
  let stopped = false
  const rebuild = (name: string) => {
    const { hostname, port } = new URL(plaza.url)
    return runPlaza(['events', 'rebuild', name], { PLAZA_DATA: folder.path, HOST: hostname, PORT: port })
  }
  const found = async (name: string): Promise<string[]> => {
    const answer = await fetch(`${plaza.url}/api/v1/search?type=users&q=${name}`)
    assert.equal(answer.status, 200)
    const { items } = (await answer.json()) as { items: { username: string }[] }
    return items.map(each => each.username)
  }
  try {
    await context.test('what the index lost is found again once the command has ended', async () => {
      await register(plaza.url, 'ana')
      await untilSo(async () => (await found('ana')).includes('ana'))
      await loseIndex(folder.path)
      assert.deepEqual(await found('ana'), [])
      const { code, output } = await rebuild('search')
      assert.equal(code, 0, output)
      assert.match(output, /search is being rebuilt \(job_\w+\)/)
      assert.match(output, /search is rebuilt: [1-9]\d* entr(y was|ies were) read/)
      // Where the place in use is, is remembered for a moment.
      await untilSo(async () => (await found('ana')).includes('ana'))
    })

    await context.test('a projection that is none is refused', async () => {
      const { code, output } = await rebuild('nothing')
      assert.equal(code, 1, output)
      assert.match(output, /There is no projection nothing: choose from search\./)
    })

    await context.test('alone it is queued, and happens when Plaza starts', async () => {
      await loseIndex(folder.path)
      await plaza.stop()
      stopped = true
      const { code, output } = await rebuild('search')
      assert.equal(code, 0, output)
      assert.match(output, /queued \(job_\w+\).* when one starts/)
      plaza = await startPlaza({ dataFolder: folder.path, env })
      stopped = false
      await untilSo(async () => (await found('ana')).includes('ana'))
    })
  } finally {
    if (!stopped) await plaza.stop()
  }
})

async function register(url: string, username: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: `${username}@plaza.example`, username, password: 'correct horse battery' }),
  })
  assert.equal(answer.status, 201)
}

/** Takes everybody out of the index, as a fault of ours might. */
async function loseIndex(dataFolder: string): Promise<void> {
  const client = new pg.Client({ connectionString: await ownerUrlOf(dataFolder) })
  await client.connect()
  try {
    await client.query('delete from search.people')
  } finally {
    await client.end()
  }
}

async function untilSo(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `After 20 s it is still not so that ${isSo}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
