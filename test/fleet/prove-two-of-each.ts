import assert from 'node:assert/strict'
import { HttpSender } from '../acceptance/http-answer.ts'
import type { Page, Post, Profile } from '../acceptance/shapes.ts'
import { eventually } from '../eventually.ts'
import type { Writer } from '../kill/writer.ts'
import { callProcess, internalToken } from './internal-call.ts'
import { Load, type ProvingGround, secret } from './proving-ground.ts'

/** Everybody's home timeline is complete, through each gateway and in each instance of timelines. */
export async function proveCompleteTimelines(
  ground: ProvingGround,
  people: readonly Writer[],
): Promise<void> {
  const { fleet, ledger } = ground
  await using load = new Load(people, fleet.gateways)
  await load.more(people.length * 10)
  await load.end()
  for (const each of people) await each.repeatUnanswered(fleet.gateways[0]!)
  const processes = await fleet.processes()
  const instances = processes.filter(each => each.services.includes('timelines'))
  assert.deepEqual([fleet.gateways.length, instances.length], [2, 2])
  const sender = new HttpSender(...fleet.gateways)
  try {
    for (const person of people) {
      const wanted = ledger.homeOf(person.id).map(each => each.id)
      for (const turn of fleet.gateways.keys())
        await eventually(async () => assert.deepEqual(await home(sender, turn, person), wanted), 10_000)
      for (const { rpc, name } of instances)
        await eventually(async () => assert.deepEqual(await homeIn(rpc!, person), wanted, name), 10_000)
    }
    assert.ok(people.some(each => ledger.followsOf(each.id).size > 0 && ledger.homeOf(each.id).length > 20))
  } finally {
    sender.close()
  }
}

/** Whoever follows, blocks or takes it back at one gateway sees it at once at the other. */
export async function proveRelationsAtOnce(
  { fleet }: ProvingGround,
  [ana, ben]: readonly [Writer, Writer],
  times: number,
): Promise<void> {
  const sender = new HttpSender(...fleet.gateways)
  try {
    const [post] = await listOf(sender, 0, ben, `/users/${ben.id}/posts`)
    assert.ok(post !== undefined)
    for (let n = 0; n < times; n++) {
      const [here, there] = [n % 2, (n + 1) % 2]
      const change = (method: string, who: Writer, what: string, whom: Writer) =>
        ask(sender, here, method, `/users/${whom.id}/${what}`, who)
      const follows = async (wanted: boolean) => {
        const { body } = await ask(sender, there, 'GET', `/users/${ben.id}`, ana)
        assert.equal((body as Profile).following, wanted, `round ${n}`)
        assert.equal((await home(sender, there, ana)).includes(post), wanted, `round ${n}`)
      }
      await change('PUT', ana, 'follow', ben)
      await follows(true)
      await change('DELETE', ana, 'follow', ben)
      await follows(false)
      await change('PUT', ben, 'block', ana)
      assert.equal((await ask(sender, there, 'GET', `/posts/${post}`, ana)).status, 404, `round ${n}`)
      await change('DELETE', ben, 'block', ana)
      assert.equal((await ask(sender, there, 'GET', `/posts/${post}`, ana)).status, 200, `round ${n}`)
    }
  } finally {
    sender.close()
  }
}

async function homeIn(url: string, { id }: Writer): Promise<string[]> {
  const authorization = internalToken({ secret, audience: 'timelines' })
  const ids: string[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const input = { limit: 100, ...(cursor !== undefined && { cursor }) }
    const call = { url, service: 'timelines', operation: 'home', input, userId: id, authorization }
    const answer = await callProcess(call)
    assert.ok(answer.output !== undefined, answer.text)
    const page = answer.output as Page<Post>
    ids.push(...page.items.map(each => each.id))
    cursor = page.nextCursor
  }
  return ids
}

const home = (sender: HttpSender, turn: number, person: Writer) =>
  listOf(sender, turn, person, '/timelines/home')

async function listOf(sender: HttpSender, turn: number, person: Writer, path: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const at = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { status, text, body } = await ask(sender, turn, 'GET', `${path}?limit=100${at}`, person)
    assert.equal(status, 200, text)
    const page = body as Page<Post>
    ids.push(...page.items.map(each => each.id))
    cursor = page.nextCursor
  }
  return ids
}

async function ask(sender: HttpSender, turn: number, method: string, path: string, as: Writer) {
  const headers = { Authorization: `Bearer ${as.accessToken}` }
  const answer = await sender.send({ method, path: `/api/v1${path}`, headers, turn })
  assert.ok(method === 'GET' || answer.status === 204, `${method} ${path} → ${answer.status} ${answer.text}`)
  return answer
}
