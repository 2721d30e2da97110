import assert from 'node:assert/strict'
import { ownerUrlOf } from '@plaza/kernel/postgres'
import { eventually } from '../eventually.ts'
import type { Writer } from '../kill/writer.ts'
import { runPlaza, temporaryFolder } from '../plaza-process.ts'
import { callProcess, internalToken } from './internal-call.ts'
import { type ProvingGround, secret } from './proving-ground.ts'
import type { FleetProcess } from './running-fleet.ts'

const otherSecret = 'quite another secret, of somebody else'

/** Only a fresh token of the same secret, for the service it is sent to, lets a call in; everything else is refused, told, and has no effect. */
export async function proveTokens(ground: ProvingGround, person: Writer): Promise<void> {
  const { fleet } = ground
  const posts = await fleet.named('posts.1')
  const good = internalToken({ secret, audience: 'posts' })
  const forged: Readonly<Record<string, string | undefined>> = {
    'there is none': undefined,
    'it is no internal token': `Bearer ${encodedAlgNone(good)}`,
    'its signature is wrong': internalToken({ secret: otherSecret, audience: 'posts' }),
    'it has expired': internalToken({ secret, audience: 'posts', age: 31 }),
    'it is for users, which is not here': internalToken({ secret, audience: 'users' }),
  }
  const countBefore = await postsOf(ground)
  for (const [reason, authorization] of Object.entries(forged)) {
    const { status, text, isNotBegun } = await post(posts, person, authorization)
    assert.equal(status, 401, `${reason}: ${text}`)
    assert.ok(isNotBegun)
    await assertLogged(ground, posts, reason)
  }
  const ofAnother = await callProcess({ ...callOf(posts, person), service: 'users', authorization: good })
  assert.equal(ofAnother.status, 401, 'the token and the list name different services')
  await assertLogged(ground, posts, 'it is for posts, not users')
  assert.equal(await postsOf(ground), countBefore, 'nothing of it happened')
  const secrets = [good, ...Object.values(forged)].flatMap(each => each?.split('.').at(-1) || [])
  for (const each of secrets) assert.ok(!fleet.output().includes(each), 'no token is in the log')
  const control = await callProcess({
    ...callOf(posts, person),
    operation: '$instance',
    caller: 'service',
    input: {},
    authorization: good,
  })
  assert.equal((control.output as { pid?: number }).pid, posts.pid, control.text)
}

/** A process with another secret: what has a database does not start, what has none never gets an answer. */
export async function proveForeignProcess(ground: ProvingGround): Promise<void> {
  await using folder = await temporaryFolder()
  const { fleet } = ground
  const addresses = Map.groupBy(await fleet.processes(), each => each.services[0]!)
  const services = [...addresses].filter(([name]) => name !== 'gateway')
  const urls = services.map(([name, processes]) => [
    `PLAZA_URL_${name.toUpperCase()}`,
    processes.map(each => each.rpc).join(','),
  ])
  const env = {
    ...Object.fromEntries(urls),
    PLAZA_DATA: folder.path,
    PLAZA_SECRET: otherSecret,
    PORT: '0',
    RPC_PORT: '0',
  }
  const DATABASE_URL = await ownerUrlOf(fleet.dataFolder)
  const service = await runPlaza(['start', '--services', 'posts'], { ...env, DATABASE_URL })
  assert.ok(service.code !== 0 && service.signal === null, service.output)
  assert.match(service.output, /PLAZA_SECRET/)
  const before = fleet.output().length
  const isRefused = () => refused.test(fleet.output().slice(before))
  // It would try for ten minutes: long enough, on this machine, is when it has been refused.
  for (let patience = 5_000; patience < 60_000 && !isRefused(); patience *= 3) {
    const gateway = await runPlaza(['start', '--services', 'gateway'], env, patience)
    assert.equal(gateway.signal, 'SIGKILL', `it waited to the end: ${gateway.output}`)
    assert.doesNotMatch(gateway.output, /runs at/)
  }
  assert.ok(isRefused(), 'its calls were refused, and that was logged')
}

const refused = /"reason":"its signature is wrong[^\n]*to \/rpc was refused/

const callOf = ({ rpc }: FleetProcess, { id }: Writer) => ({
  url: rpc!,
  service: 'posts',
  operation: 'create',
  input: { text: 'never written' },
  userId: id,
})

const post = (process: FleetProcess, person: Writer, authorization: string | undefined) =>
  callProcess({ ...callOf(process, person), authorization })

async function assertLogged({ fleet }: ProvingGround, { name }: FleetProcess, reason: string): Promise<void> {
  await eventually(async () => {
    const lines = fleet.output().split('\n')
    const found = lines.filter(
      line =>
        line.includes(`"${name}"`) && line.includes('A request to /rpc was refused') && line.includes(reason),
    )
    assert.equal(found.length, 1, `${reason} is logged`)
  }, 5_000)
}

const postsOf = ({ fleet }: ProvingGround) =>
  fleet.withOwner(async owner => (await owner.query('select count(*) as n from posts.posts')).rows[0].n)

/** As libraries took it once: no algorithm, no signature. */
function encodedAlgNone(token: string): string {
  const [, claims = ''] = token.split('.')
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`
}
