import type { Account } from '@plaza/auth/contract'
import type { Client, Context } from '@plaza/kernel/call'
import { deriveContext, makeCall } from '@plaza/kernel/call'
import type { Operations, UserId } from '@plaza/kernel/contract'
import { newId, randomShard } from '@plaza/kernel/data'
import type { Role } from '@plaza/kernel/security'
import { kernelOf } from '@plaza/kernel/service'
import { asking, type BootedServices, type BootServicesOptions, bootServices } from '@plaza/testing'
import { users } from '../src/contract.ts'
import { usersService } from '../src/service.ts'
import { fakeAuth, fakePosts } from './neighbours.ts'

/** The users service as it really runs, beside an auth and a posts service that say what a test wants them to say. */
export type Square = Awaited<ReturnType<typeof openSquare>>

/** A client of the contract for one person: the context is theirs. */
type Asked<O extends Operations> = {
  readonly [K in keyof O]: (input: Parameters<Client<O>[K]>[0]) => ReturnType<Client<O>[K]>
}

interface SquareOptions extends Pick<BootServicesOptions, 'faults' | 'quiet'> {
  readonly instances?: number
}

export async function openSquare({ instances = 1, ...options }: SquareOptions = {}) {
  const auth = fakeAuth()
  const posts = fakePosts()
  const services = [auth.service, posts.service, usersService]
  const booted: BootedServices[] = [await bootServices(services, options)]
  while (booted.length < instances)
    booted.push(await bootServices(services, { ...options, beside: booted[0]! }))
  const owner = await booted[0]!.scratch.connect()
  const service = curried(booted[0]!.call, asking, 'service')
  let made = 0

  return {
    owner,
    /** Calls as another service does. */
    service,
    /** Calls as another service does for a person. */
    serviceFor: (id: UserId) => curried(booted[0]!.call, () => asking(id), 'service'),
    /** Calls as the edge does for a person, or for nobody. */
    as: (id: UserId | undefined, instance = 0, roles: readonly Role[] = ['user']) =>
      curried(makeCall(booted[instance % instances]!.host.dispatcher), () => asking(id, roles), 'edge'),
    /** An account that users has not heard of. */
    addAccount: (differing: Partial<Account> = {}): UserId => {
      const id = newId('user', randomShard())
      auth.add({
        id,
        username: `person_${++made}`,
        displayName: 'Somebody',
        email: `person${made}@example.org`,
        emailVerified: false,
        roles: ['user'],
        createdAt: new Date().toISOString(),
        ...differing,
      })
      return id
    },
    account: auth.get,
    /** Looks at a whole check, as `plaza verify` does. */
    verify: async (check: string) => {
      const kernel = booted[0]!.call(kernelOf(users))
      const breaches: { id: string; detail: string }[] = []
      let checked = 0
      for (let after: string | undefined; ; ) {
        const part = await kernel.$verify({ check, ...(after !== undefined && { after }) }, asking())
        checked += part.checked
        breaches.push(...part.breaches)
        if (part.next === null) return { checked, breaches }
        after = part.next
      }
    },
    removeAccount: auth.remove,
    tellErasing: auth.tellErasing,
    tellErased: auth.tellErased,
    export: (person: UserId, after?: string) =>
      booted[0]!
        .call(kernelOf(users))
        .$exportPerson({ person, ...(after !== undefined && { after }) }, asking()),
    erase: (person: UserId) => booted[0]!.call(kernelOf(users)).$erasePerson({ person }, asking()),
    nobody: () => newId('user', randomShard()),
    tellRegistered: auth.tellRegistered,
    tellSuspended: auth.tellSuspended,
    tellCommented: posts.tellCommented,
    tellHidden: posts.tellHidden,
    tellPosted: posts.tellPosted,
    tellDeleted: posts.tellDeleted,
    /** The events of a type, or of all, in a person's stream, in their order. */
    events: async (type: string | undefined, stream: UserId) => {
      const { rows } = await owner.query<{ type: string; data: Record<string, UserId> }>(
        'select type, data from users.events where stream = $1 and ($2::text is null or type = $2) order by position',
        [stream, type ?? null],
      )
      return rows
    },
    /** Waits until it is so; a fact that does not come within 10 s fails the test. */
    until: async (isSo: () => Promise<boolean>) => {
      const end = Date.now() + 10_000
      while (!(await isSo())) {
        if (Date.now() > end) throw new Error(`After 10 s it is still not so that ${isSo}`)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    },
    close: async () => {
      for (const each of booted.toReversed()) await each[Symbol.asyncDispose]()
    },
  }
}

function curried(
  call: ReturnType<typeof makeCall>,
  context: () => Context,
  caller: 'edge' | 'service',
): Asked<(typeof users)['operations']> {
  const client = call(users) as Record<string, (input: unknown, context: unknown) => Promise<unknown>>
  return Object.fromEntries(
    Object.keys(users.operations).map(name => [
      name,
      (input: unknown) => client[name]!(input, deriveContext(context(), { caller })),
    ]),
  ) as Asked<(typeof users)['operations']>
}
