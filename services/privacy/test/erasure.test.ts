import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { auth } from '@plaza/auth/contract'
import { makeCall, newContext } from '@plaza/kernel/call'
import { toUuid } from '@plaza/kernel/data'
import { kernelOf } from '@plaza/kernel/service'
import { users } from '@plaza/users/contract'
import { privacy, type Receipt } from '../src/contract.ts'
import { openRig, type Person, type Rig } from './rig.ts'

let rig: Rig
before(async () => {
  rig = await openRig({ instances: 2 })
})
after(() => rig[Symbol.asyncDispose]())
beforeEach(() => {
  for (const { hooks } of [rig.first, rig.second]) hooks.before = hooks.after = async () => {}
})

const erase = async (person: Person) => (await rig.edge.eraseMe({}, person.context)).jobId
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `thing ${i}`)
const receiptOf = (result: unknown) =>
  Object.fromEntries((result as Receipt).map(({ service, erased }) => [service, erased]))
const rowOf = async (person: Person) => {
  const { rows } = await rig.owner.query('select * from privacy.erasures where user_id = $1', [
    toUuid(person.id),
  ])
  return rows[0]
}
const exportOf = async (person: Person, service: string) =>
  (await rig.plaza.call(kernelOf({ name: service })).$exportPerson({ person: person.id }, rig.asService()))
    .records

/** Somebody with 7 things here, 4 there, who follows somebody. */
async function somebody() {
  const [ana, ben] = [await rig.addPerson(), await rig.addPerson()]
  await rig.plaza.call(users).follow({ id: ben.id }, ana.context)
  rig.first.add(ana.id, ...numbered(7))
  rig.second.add(ana.id, ...numbered(4))
  return { ana, ben }
}
const wholeReceipt = {
  posts: { thing: 7 },
  users: { follow: 1, profile: 1 },
  search: { thing: 4 },
  privacy: {},
  auth: { session: 1, account: 1 },
}

test('erasure reaches every service, and its job ends with the receipt, which is kept', async () => {
  const { ana, ben } = await somebody()
  const jobId = await erase(ana)
  const job = await rig.ended(ana, jobId)
  assert.equal(job.status, 'done')
  assert.deepEqual(job.progress, { done: 5, total: 5 })
  assert.deepEqual(receiptOf(job.result), wholeReceipt)
  assert.deepEqual(
    (job.result as Receipt).map(each => each.service),
    ['posts', 'users', 'search', 'privacy', 'auth'],
  )
  assert.deepEqual((await rowOf(ana)).receipt, job.result)
  for (const { name } of [rig.first, rig.second, users, auth]) assert.deepEqual(await exportOf(ana, name), [])
  assert.equal((await rig.plaza.call(users).get({ id: ben.id }, rig.asService())).followerCount, 0)
})

test('erasing twice is erasing once: the same job, at the same time, later, and with nothing left', async () => {
  const { ana } = await somebody()
  const ids = await Promise.all([erase(ana), erase(ana), erase(ana)])
  const jobId = ids[0]!
  await rig.ended(ana, jobId)
  ids.push(await erase(ana), (await rig.edgeOf(1).eraseMe({}, ana.context)).jobId)
  assert.deepEqual(new Set(ids), new Set([jobId]))
  assert.deepEqual(receiptOf((await rig.ended(ana, jobId)).result), wholeReceipt)
})

test('the answer says at once what the token is from now on: good for the job and for asking again', async () => {
  const { ana } = await somebody()
  const asked = newContext({ ...ana.context, requestId: 'test', deadline: Date.now() + 20_000 })
  const { jobId } = await rig.edge.eraseMe({}, asked)
  assert.equal(asked.answer.erasing, true)
  await rig.ended(ana, jobId)
  const erasing = newContext({
    ...ana.context,
    requestId: 'test',
    deadline: Date.now() + 20_000,
    identity: { ...ana.context.identity!, roles: [], erasing: true },
  })
  const edge = makeCall(rig.plaza.host.dispatcher)
  assert.equal((await edge(privacy).eraseMe({}, erasing)).jobId, jobId)
  const over = (error: { code: string }) => error.code === 'unauthenticated'
  await assert.rejects(edge(users).me({}, erasing), over)
  await assert.rejects(edge(users).get({ id: ana.id }, erasing), over)
  await assert.rejects(edge(privacy).exportMe({}, erasing), over)
  await assert.rejects(edge(auth).logout({}, erasing), over)
})

test('the only admin stays: nothing has begun', async () => {
  const ana = await rig.addPerson()
  await rig.owner.query(`update auth.accounts set roles = '{user,admin}' where id = $1`, [toUuid(ana.id)])
  await assert.rejects(erase(ana), (error: { code: string }) => error.code === 'only-admin')
  assert.equal(await rowOf(ana), undefined)
  const [account] = await rig.plaza.call(auth).accounts({ ids: [ana.id] }, rig.asService())
  assert.equal(account?.id, ana.id)
  await rig.owner.query(`update auth.accounts set roles = '{user}' where id = $1`, [toUuid(ana.id)])
})

test('who dies between the lock and the beginning is overtaken by the news of the lock', async () => {
  const { ana } = await somebody()
  const { sessionId } = ana.context.identity!
  const asked = { id: ana.id, sessionId: sessionId as `session_${string}` }
  await rig.plaza.call(auth).lockForErasure(asked, rig.asService())
  await rig.until(async () => (await rowOf(ana))?.finished_at != null)
  const jobId = await erase(ana)
  assert.deepEqual(receiptOf((await rig.ended(ana, jobId)).result), wholeReceipt)
})

test('killed before each step once, it ends complete, and counts each thing once', async () => {
  const { ana } = await somebody()
  const killed = new Set<string>()
  for (const holder of [rig.first, rig.second]) {
    holder.hooks.before = async (_what, person) => {
      const step = `${holder.name} with ${holder.of(person).length} left`
      if (person !== ana.id || killed.has(step)) return
      killed.add(step)
      throw new Error('killed, as if')
    }
  }
  const job = await rig.ended(ana, await erase(ana))
  assert.ok(killed.size >= 6, [...killed].join())
  assert.deepEqual(receiptOf(job.result), wholeReceipt)
})

test('killed after each step once, it ends complete: what was not noted is erased and not counted', async () => {
  const { ana } = await somebody()
  let calls = 0
  rig.first.hooks.after = async (_what, person) => {
    if (person === ana.id && ++calls % 2 === 1) throw new Error('the answer is lost, as if')
  }
  const job = await rig.ended(ana, await erase(ana))
  assert.equal(job.status, 'done')
  assert.deepEqual(rig.first.of(ana.id), [])
  const counted = receiptOf(job.result).posts!.thing ?? 0
  assert.ok(counted < 7, 'a receipt promises at least')
})

test('taken over half-way by another instance, it ends complete, and counts each thing once', async () => {
  const { ana } = await somebody()
  const stuck = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  let steps = 0
  rig.first.hooks.before = async (_what, person) => {
    if (person !== ana.id || ++steps !== 2) return
    stuck.resolve()
    await goOn.promise
  }
  const jobId = await erase(ana)
  await stuck.promise
  await rig.takeAway(jobId)
  await rig.until(async () => {
    await Promise.all([rig.wake(0), rig.wake(1)])
    return (await rig.findJob(ana, jobId))?.status === 'done'
  })
  goOn.resolve()
  assert.deepEqual(receiptOf((await rig.ended(ana, jobId)).result), wholeReceipt)
  assert.deepEqual((await rowOf(ana)).receipt, (await rig.ended(ana, jobId)).result)
})

test('stored answers and jobs of the person go in every service; the job that erases stays theirs to read', async () => {
  const { ana } = await somebody()
  const key = (operation: string) => ({
    owner: ana.id,
    operation,
    key: crypto.randomUUID(),
    requestHash: 'a'.repeat(64),
  })
  const once = newContext({
    ...ana.context,
    requestId: 'test',
    deadline: Date.now() + 20_000,
    idempotency: key('privacy.exportMe'),
  })
  const exported = (await rig.edge.exportMe({}, once)).jobId
  await rig.ended(ana, exported)
  const jobId = await erase(ana)
  const job = await rig.ended(ana, jobId)
  assert.deepEqual(receiptOf(job.result).privacy, { export: 1, storedAnswer: 1, job: 1 })
  assert.equal(await rig.findJob(ana, exported), null)
  const { rows } = await rig.owner.query('select id from privacy.finished_jobs where owner = $1', [
    toUuid(ana.id),
  ])
  assert.deepEqual(rows, [{ id: toUuid(jobId) }])
})

test('an erasure whose job was given up is begun again within the hour', async () => {
  const { ana } = await somebody()
  rig.first.hooks.before = async (_what, person) => {
    if (person === ana.id) throw new Error('away for hours')
  }
  const jobId = await erase(ana)
  const uuid = toUuid(jobId)
  await rig.until(async () => {
    // All its tries but the last are over.
    await rig.owner.query(
      'update privacy.jobs set attempts = 11, due_at = now() where id = $1 and not running',
      [uuid],
    )
    await rig.wake(0)
    return (await rig.findJob(ana, jobId))?.status === 'failed'
  })
  rig.first.hooks.before = async () => {}
  await rig.owner.query(
    `update privacy.erasures set started_at = now() - interval '2 hours' where user_id = $1`,
    [toUuid(ana.id)],
  )
  await rig.owner.query(`update privacy.jobs set due_at = now() where kind = 'upkeep'`)
  await rig.wake(0)
  await rig.until(async () => (await rowOf(ana)).finished_at !== null)
  assert.notEqual((await rowOf(ana)).job_id, uuid)
  assert.deepEqual(rig.first.of(ana.id), [])
})
