import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { auth } from '@plaza/auth/contract'
import { type Context, deriveContext, makeCall, newContext } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import { kernelOf } from '@plaza/kernel/service'
import { moderation } from '@plaza/moderation/contract'
import { posts } from '@plaza/posts/contract'
import { type BootedServices, bootServices, findText } from '@plaza/testing'
import {
  analyticsService,
  authService,
  moderationService,
  postsService,
  searchService,
  timelinesService,
  usersService,
} from '@plaza/testing/services'
import { users } from '@plaza/users/contract'
import type { Client } from 'pg'
import { privacy } from '../src/contract.ts'
import { holders } from '../src/holders.ts'
import { privacyOver } from '../src/service.ts'
import { contextOf, fewConnections } from './rig.ts'

let plaza: BootedServices
let owner: Client
before(async () => {
  const services = [
    authService,
    usersService,
    postsService,
    timelinesService,
    searchService,
    moderationService,
    analyticsService,
    privacyOver(holders, 1_000),
  ]
  plaza = await bootServices(services, { env: fewConnections })
  owner = await plaza.scratch.connect()
})
after(() => plaza[Symbol.asyncDispose]())

// Words that nobody else says, also when each is looked at alone.
const own = {
  email: 'zwiebelkuchen@example.com',
  username: 'zwiebelkuchen',
  displayName: 'Quittengelee',
  bio: 'Brombeerstrauch',
  posts: ['Rhabarberkompott', 'Kastanienmehl', 'Holunderbeersaft', 'Sauerampfersuppe', 'Mispelmus'],
  note: 'Schlehenfeuer',
}
const words = [own.email, own.username, own.displayName, own.bio, own.note, ...own.posts]

test('every service of Plaza is asked: none is missing, none is made up', async () => {
  const folders = await readdir(new URL('../../', import.meta.url))
  assert.deepEqual(holders.map(each => each.name).sort(), folders.sort())
  assert.equal(holders.at(-1), auth, 'names are free when all else is gone')
})

test('of an erased person nothing is left in any table of any schema: not their address, names, texts, nor their id where it says something', async () => {
  const edge = makeCall(plaza.host.dispatcher)
  const ana = await signUp(own)
  const ben = await signUp({ email: 'ben@example.com', username: 'ben' })
  const [first, ...others] = own.posts as [string, ...string[]]
  await edge(users).editMe({ bio: own.bio }, ana.context)
  const post = await edge(posts).create({ text: `${first} #${others[0]}` }, keyed(ana, 'posts.create'))
  await edge(posts).edit({ id: post.id, text: others[1]! }, ana.context)
  const bens = await edge(posts).create({ text: 'Good morning' }, ben.context)
  await edge(posts).comment({ id: bens.id, text: others[2]! }, keyed(ana, 'posts.comment'))
  const gone = await edge(posts).create({ text: others[3]! }, ana.context)
  await edge(posts).delete({ id: gone.id }, ana.context)
  await edge(posts).comment({ id: post.id, text: 'How true' }, ben.context)
  await edge(posts).like({ id: bens.id }, ana.context)
  await edge(posts).repost({ id: bens.id }, ana.context)
  await edge(posts).like({ id: post.id }, ben.context)
  await edge(users).follow({ id: ana.id }, ben.context)
  await edge(users).follow({ id: ben.id }, ana.context)
  await edge(moderation).report({ id: bens.id, reason: 'spam', note: own.note }, ana.context)
  await edge(moderation).report({ id: post.id, reason: 'spam' }, ben.context)
  const { jobId: exportJob } = await edge(privacy).exportMe({}, keyed(ana, 'privacy.exportMe'))
  await ended(ana.context, exportJob)
  // The read models have heard of all this.
  await until(async () =>
    (await findText(owner, [own.bio, own.displayName])).some(each => each.table.startsWith('search.')),
  )
  const before = new Set((await findText(owner, words)).map(each => `${each.table.split('.')[0]}`))
  assert.ok(
    ['auth', 'users', 'posts', 'moderation', 'search', 'privacy'].every(each => before.has(each)),
    [...before].join(),
  )

  const { jobId } = await edge(privacy).eraseMe({}, ana.context)
  await ended(ana.context, jobId)
  await until(async () => {
    const { rows } = await owner.query('select swept_at from privacy.erasures where user_id = $1', [
      toUuid(ana.id),
    ])
    return rows[0].swept_at !== null
  })
  assert.deepEqual(await findText(owner, words), [])
  for (const { name } of holders) {
    const { records } = await plaza.call(kernelOf({ name })).$exportPerson({ person: ana.id }, asService())
    assert.deepEqual(records, [], name)
  }
  assert.deepEqual(await tablesNaming(ana.id), [])
  const thread = await edge(posts).thread({ id: bens.id }, ben.context)
  assert.equal(thread.post.likeCount, 0)
  // The names are anybody's.
  assert.notEqual((await signUp(own)).id, ana.id)
})

/**
 * Where the id itself still stands, but for what is meant to keep it: the log, whose events hold ids, the erasure, and whose a post was that
 * others reported or that trends no more.
 */
async function tablesNaming(person: UserId): Promise<string[]> {
  const found = await findText(owner, [person, toUuid(person)])
  const meant =
    /\.(events_\w+|events|streams|\w*cursors?|ticks|handled\w*)\.|^privacy\.(erasures|finished_jobs_\w+)\.|^auth\.erasures\.|^moderation\.reports\.author_id$|^timelines\.trends\.author_id$/
  return [...new Set(found.map(each => `${each.table}.${each.column}`))].filter(each => !meant.test(each))
}

async function signUp(given: { email: string; username: string; displayName?: string }) {
  const { email, username, displayName } = given
  const person = {
    email,
    username,
    password: 'correct horse battery',
    ...(displayName !== undefined && { displayName }),
  }
  const context = newContext({
    requestId: 'test',
    caller: 'edge',
    deadline: Date.now() + 30_000,
    address: '192.0.2.7',
  })
  const signedIn = await makeCall(plaza.host.dispatcher)(auth).register(person, context)
  return { id: signedIn.user.id, context: contextOf(signedIn) }
}

const asService = () => newContext({ requestId: 'test', deadline: Date.now() + 30_000 })

const keyed = ({ id, context }: { id: UserId; context: Context }, operation: string) =>
  deriveContext(context, {
    idempotency: { owner: id, operation, key: crypto.randomUUID(), requestHash: 'b'.repeat(64) },
  })

async function ended(context: Context, id: `job_${string}`) {
  await until(async () => {
    const job = await plaza.call(kernelOf(privacy)).$findJob({ id }, context)
    assert.notEqual(job?.status, 'failed', job?.error ?? '')
    return job?.status === 'done'
  })
}

async function until(isSo: () => Promise<boolean>) {
  const end = Date.now() + 30_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`After 30 s it is still not so that ${isSo}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
