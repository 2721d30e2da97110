import { auth, type SignedIn } from '@plaza/auth/contract'
import { type Context, makeCall, newContext } from '@plaza/kernel/call'
import { contract, type JobId, type UserId } from '@plaza/kernel/contract'
import { toUuid } from '@plaza/kernel/data'
import type { JobView } from '@plaza/kernel/jobs'
import { kernelOf, service } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { type BootedServices, bootServices } from '@plaza/testing'
import { authService, usersService } from '@plaza/testing/services'
import { users } from '@plaza/users/contract'
import { privacy } from '../src/contract.ts'
import { privacyOver } from '../src/service.ts'

const partSize = 3
/** Many services run beside each other here. */
export const fewConnections = { DATABASE_CONNECTIONS: '2' }

/** A service that holds things of people, in memory for all its instances, and does to a question what a test wants. */
function holding(name: string) {
  const things = new Map<UserId, string[]>()
  const erasedFrom: UserId[] = []
  /** Runs before each question about a person, and after its effect; throwing is failing. */
  const hooks = {
    before: async (_what: 'export' | 'erase', _person: UserId): Promise<void> => {},
    after: async (_what: 'export' | 'erase', _person: UserId): Promise<void> => {},
  }
  const own = (person: UserId) => things.get(person) ?? []
  const events = name === posts.name ? posts.events : {}
  return {
    name,
    hooks,
    erasedFrom,
    add: (person: UserId, ...added: string[]) => things.set(person, [...own(person), ...added]),
    of: own,
    service: service(contract(name, {}, events), undefined, () => ({
      handlers: {},
      personal: {
        export: async (person, after) => {
          await hooks.before('export', person)
          const from = Number(after ?? 0)
          const part = own(person).slice(from, from + partSize)
          const next = from + partSize < own(person).length ? String(from + partSize) : null
          await hooks.after('export', person)
          return { records: part.map(text => ({ kind: 'thing', data: { text } })), next }
        },
        erase: async person => {
          await hooks.before('erase', person)
          const part = own(person).slice(0, partSize)
          things.set(person, own(person).slice(partSize))
          erasedFrom.push(person)
          await hooks.after('erase', person)
          const done = own(person).length === 0
          return { done, erased: part.length > 0 ? { thing: part.length } : {} }
        },
      },
    })),
  }
}

export interface Person extends SignedIn {
  readonly id: UserId
  readonly context: Context
}

interface RigOptions {
  readonly instances?: number
  /** ms; long by default, so that no sweep comes between. */
  readonly sweepAfter?: number
}

/** privacy over the real auth and users, and two holders that do what a test says. */
export async function openRig({ instances = 1, sweepAfter = 60_000 }: RigOptions = {}) {
  await using undo = new AsyncDisposableStack()
  const first = holding(posts.name)
  const second = holding('search')
  const holders = [first, users, second, privacy, auth]
  const all = [authService, usersService, first.service, second.service, privacyOver(holders, sweepAfter)]
  const booted: BootedServices[] = []
  for (let i = 0; i < instances; i++) {
    const beside = booted[0] && { beside: booted[0] }
    booted.push(undo.use(await bootServices(all, { quiet: true, env: fewConnections, ...beside })))
  }
  const plaza = booted[0]!
  const owner = await plaza.scratch.connect()
  const edge = makeCall(plaza.host.dispatcher)
  const asService = () => newContext({ requestId: 'test', deadline: Date.now() + 30_000 })
  const findJob = (person: Person, id: JobId): Promise<JobView | null> =>
    plaza.call(kernelOf(privacy)).$findJob({ id }, person.context)
  let made = 0
  const addPerson = async (): Promise<Person> => {
    const username = `person_${++made}_${Math.random().toString(36).slice(2, 8)}`
    const person = { email: `${username}@example.com`, username, password: 'correct horse battery' }
    const context = newContext({ requestId: 'test', caller: 'edge', deadline: Date.now() + 60_000 })
    const signedIn = await edge(auth).register(person, context)
    return { ...signedIn, id: signedIn.user.id, context: contextOf(signedIn) }
  }
  const waker = await addPerson()
  const parts = undo.move()
  return {
    plaza,
    booted,
    owner,
    first,
    second,
    addPerson,
    asService,
    findJob,
    service: plaza.call(privacy),
    edge: edge(privacy),
    edgeOf: (instance: number) => makeCall(booted[instance]!.host.dispatcher)(privacy),
    /** Waits until a job has ended; what waits for another try is tried at once. */
    ended: async (person: Person, id: JobId): Promise<JobView> => {
      const end = Date.now() + 30_000
      for (;;) {
        const job = await findJob(person, id)
        if (job?.status === 'done' || job?.status === 'failed') return job
        if (Date.now() > end) throw new Error(`After 30 s the job is still ${JSON.stringify(job)}`)
        const waiting = await owner.query(
          `update privacy.jobs set due_at = now() where id = $1 and not running and due_at > now()`,
          [toUuid(id)],
        )
        // Adding a job makes the runner look.
        if (waiting.rowCount === 1) await edge(privacy).exportMe({}, waker.context)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    },
    until: async (isSo: () => Promise<boolean> | boolean) => {
      const end = Date.now() + 15_000
      while (!(await isSo())) {
        if (Date.now() > end) throw new Error(`After 15 s it is still not so that ${isSo}`)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    },
    /** Another run takes a job that its own has not ended: as when a process was paused beyond its lease. */
    takeAway: (id: JobId) =>
      owner.query(`update privacy.jobs set due_at = now() - interval '1 s' where id = $1`, [toUuid(id)]),
    wake: (instance: number) =>
      makeCall(booted[instance]!.host.dispatcher)(privacy).exportMe({}, waker.context),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

export type Rig = Awaited<ReturnType<typeof openRig>>

/** The context of a person's request, as the gateway makes it of their token. */
export function contextOf({ user, accessToken }: SignedIn): Context {
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString())
  return newContext({
    requestId: 'test',
    caller: 'edge',
    deadline: Date.now() + 120_000,
    identity: { userId: user.id, sessionId: claims.sid, roles: ['user'] },
  })
}
