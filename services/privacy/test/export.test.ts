import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { toUuid } from '@plaza/kernel/data'
import { kernelOf } from '@plaza/kernel/service'
import { users } from '@plaza/users/contract'
import { type Exported, privacy } from '../src/contract.ts'
import { openRig, type Person, type Rig } from './rig.ts'

let rig: Rig
before(async () => {
  rig = await openRig({ instances: 2 })
})
after(() => rig[Symbol.asyncDispose]())

const order = async (person: Person) => (await rig.edge.exportMe({}, person.context)).jobId
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `thing ${i}`)
const tokenOf = ({ url }: Exported) => url.split('/').at(-1)!

/** What the link gives, as a client puts it together. */
async function download(token: string): Promise<Buffer> {
  const { bytes, chunks } = await rig.service.archive({ token }, rig.asService())
  const parts: Buffer[] = []
  for (let number = 0; number < chunks; number++)
    parts.push(Buffer.from((await rig.service.chunk({ token, number }, rig.asService())).bytes, 'base64'))
  const whole = Buffer.concat(parts)
  assert.equal(whole.length, bytes)
  return whole
}

async function linesOf(exported: Exported): Promise<Record<string, unknown>[]> {
  const text = gunzipSync(await download(tokenOf(exported))).toString()
  assert.ok(text.endsWith('\n'))
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

const notFound = (error: { code: string }) => error.code === 'archive-not-found'

test('the archive has all that every service holds, each record once, and says what it is', async () => {
  const ana = await rig.addPerson()
  const ben = await rig.addPerson()
  await rig.plaza.call(users).follow({ id: ben.id }, ana.context)
  rig.first.add(ana.id, ...numbered(10))
  rig.second.add(ana.id, 'a "quoted"\nline ☃')
  const job = await rig.ended(ana, await order(ana))
  assert.equal(job.status, 'done')
  assert.deepEqual(job.progress, { done: 5, total: 5 })
  const exported = job.result as Exported
  const [head, ...records] = await linesOf(exported)
  assert.equal(head!.format, 'plaza-export')
  assert.equal(head!.person, ana.id)
  const texts = records.filter(each => each.service === 'posts').map(each => each.data)
  assert.deepEqual(
    texts,
    numbered(10).map(text => ({ text })),
  )
  assert.ok(
    records.some(each => JSON.stringify(each.data) === JSON.stringify({ text: 'a "quoted"\nline ☃' })),
  )
  assert.ok(
    records.some(each => each.kind === 'follow' && (each.data as { userId: string }).userId === ben.id),
  )
  assert.ok(records.some(each => each.kind === 'account' && JSON.stringify(each).includes(ana.user.email)))
  assert.ok(!JSON.stringify(records).includes('hash'))
  const counted: Record<string, number> = {}
  for (const { service } of records) counted[service as string] = (counted[service as string] ?? 0) + 1
  assert.deepEqual(exported.records, counted)
  const day = Date.parse(exported.expiresAt) - Date.now()
  assert.ok(day > 23.9 * 3_600_000 && day <= 24 * 3_600_000)
})

test('what does not compress comes in chunks', async () => {
  const ana = await rig.addPerson()
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)))
  const texts = Array.from({ length: 9 }, (_, i) => `${i} ${noise.toString('base64')}${i}`)
  rig.first.add(ana.id, ...texts)
  const exported = (await rig.ended(ana, await order(ana))).result as Exported
  const { chunks } = await rig.service.archive({ token: tokenOf(exported) }, rig.asService())
  assert.ok(chunks > 3)
  const found = (await linesOf(exported)).filter(each => each.service === 'posts')
  assert.deepEqual(
    found.map(each => (each.data as { text: string }).text),
    texts,
  )
})

test('while one is made it is the same job; the next one takes the place of the one before', async () => {
  const ana = await rig.addPerson()
  const gate = Promise.withResolvers<void>()
  rig.first.hooks.before = async (_what, person) => (person === ana.id ? gate.promise : undefined)
  const ids = await Promise.all([order(ana), order(ana), order(ana)])
  assert.equal(new Set(ids).size, 1)
  gate.resolve()
  const first = (await rig.ended(ana, ids[0]!)).result as Exported
  assert.ok(await download(tokenOf(first)))
  const second = await order(ana)
  assert.notEqual(second, ids[0])
  const next = (await rig.ended(ana, second)).result as Exported
  assert.ok(await download(tokenOf(next)))
  await assert.rejects(download(tokenOf(first)), notFound)
})

test('the table keeps no link, strangers find nothing, and nobody else reads the job', async () => {
  const ana = await rig.addPerson()
  const ben = await rig.addPerson()
  const jobId = await order(ana)
  const token = tokenOf((await rig.ended(ana, jobId)).result as Exported)
  assert.equal(await rig.findJob(ben, jobId), null)
  const { rows } = await rig.owner.query('select * from privacy.exports where id = $1', [toUuid(jobId)])
  assert.ok(!JSON.stringify(rows).includes(token))
  for (const wrong of [
    '',
    `${token.slice(0, -1)}!`,
    token.toLowerCase(),
    rows[0].token_hash.toString('base64url'),
  ])
    await assert.rejects(download(wrong), notFound)
  const fromOutside = rig.edge.archive({ token }, ana.context)
  await assert.rejects(fromOutside, (error: { code: string }) => error.code === 'not-found')
})

test('an expired link is gone at once, its archive within the hour', async () => {
  const ana = await rig.addPerson()
  const jobId = await order(ana)
  const token = tokenOf((await rig.ended(ana, jobId)).result as Exported)
  await rig.owner.query(`update privacy.exports set expires_at = now() - interval '1 s' where id = $1`, [
    toUuid(jobId),
  ])
  await assert.rejects(download(token), notFound)
  await assert.rejects(rig.service.chunk({ token, number: 0 }, rig.asService()), notFound)
  await rig.owner.query(`update privacy.jobs set due_at = now() where kind = 'upkeep'`)
  await rig.wake(0)
  await rig.until(async () => {
    const left = await rig.owner.query('select from privacy.export_chunks where export_id = $1', [
      toUuid(jobId),
    ])
    return left.rowCount === 0
  })
})

test('a run that fails at each part once ends complete, nothing twice', async () => {
  const ana = await rig.addPerson()
  rig.first.add(ana.id, ...numbered(8))
  rig.second.add(ana.id, ...numbered(4))
  let calls = 0
  for (const holder of [rig.first, rig.second]) {
    holder.hooks.before = async (_what, person) => {
      if (person === ana.id && ++calls % 2 === 1) throw new Error('killed, as if')
    }
  }
  const job = await rig.ended(ana, await order(ana))
  assert.equal(job.status, 'done')
  assert.ok(calls >= 10)
  const records = await linesOf(job.result as Exported)
  for (const [name, count] of [
    ['posts', 8],
    ['search', 4],
  ] as const)
    assert.deepEqual(
      records.filter(each => each.service === name).map(each => (each.data as { text: string }).text),
      numbered(count),
    )
})

test('a run that is taken over half-way writes nothing any more; the archive is whole, no record twice', async () => {
  const ana = await rig.addPerson()
  rig.first.add(ana.id, ...numbered(9))
  const stuck = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  let parts = 0
  rig.first.hooks.after = async (what, person) => {
    if (what !== 'export' || person !== ana.id || ++parts !== 2) return
    stuck.resolve()
    await goOn.promise
  }
  const jobId = await order(ana)
  await stuck.promise
  await rig.takeAway(jobId)
  const taken = rig.until(async () => {
    await Promise.all([rig.wake(0), rig.wake(1)])
    return (await rig.findJob(ana, jobId))?.status === 'done'
  })
  await taken
  goOn.resolve()
  const exported = (await rig.ended(ana, jobId)).result as Exported
  const texts = (await linesOf(exported)).filter(each => each.service === 'posts')
  assert.equal(texts.length, 9)
  assert.equal(exported.records.posts, 9)
})

test('an export of somebody who is erased meanwhile leaves nothing', async () => {
  const ana = await rig.addPerson()
  const stuck = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  rig.first.hooks.after = async (what, person) => {
    if (what !== 'export' || person !== ana.id) return
    stuck.resolve()
    await goOn.promise
  }
  const jobId = await order(ana)
  await stuck.promise
  await rig.plaza.call(kernelOf(privacy)).$erasePerson({ person: ana.id }, rig.asService())
  goOn.resolve()
  assert.equal(await rig.findJob(ana, jobId), null)
  await rig.until(async () => {
    const { rows } = await rig.owner.query(
      `select (select count(*) from privacy.jobs where id = $1)::int + (select count(*) from privacy.exports where id = $1)::int as left`,
      [toUuid(jobId)],
    )
    return rows[0].left === 0
  })
})
