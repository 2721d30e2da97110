import { type Account, auth } from '@plaza/auth/contract'
import { type Client, deriveContext, makeCall } from '@plaza/kernel/call'
import type { Contract, Operations, UserId } from '@plaza/kernel/contract'
import { type Db, newId, randomShard } from '@plaza/kernel/data'
import { appendEvents, newEvent } from '@plaza/kernel/events'
import { type ServiceDefinition, service } from '@plaza/kernel/service'
import { postsService } from '@plaza/posts/service'
import { usersService } from '@plaza/users/service'
import { asking, type BootedServices, type BootServicesOptions, bootServices } from './boot-services.ts'

/** People who post and follow each other, on the real users and posts and whatever services a test adds. */
export interface SocialSquare extends AsyncDisposable {
  readonly instances: readonly BootedServices[]
  /** Somebody new, without the cost of a password. */
  addPerson(username?: string): UserId
  /** Auth says that this person is suspended, or is no more, and tells it. */
  suspend(id: UserId, isSo?: boolean): Promise<void>
  /** A client of a contract as the edge would be: for one person, or nobody, at one of the instances. */
  as<C extends Contract>(contract: C, id?: UserId, instance?: number): Asked<C['operations']>
}

export type Asked<O extends Operations> = {
  readonly [K in keyof O]: (input: Parameters<Client<O>[K]>[0]) => ReturnType<Client<O>[K]>
}

/**
 * @example
 * await using square = await openSocialSquare([timelinesService])
 * const ana = square.addPerson('ana')
 * await square.as(posts, ana).create({ text: 'hello' })
 */
export async function openSocialSquare(
  added: readonly ServiceDefinition[],
  { instances = 1, ...options }: Omit<BootServicesOptions, 'beside'> & { readonly instances?: number } = {},
): Promise<SocialSquare> {
  const accounts = new Map<UserId, Account>()
  const fakeAuth = accountsOnly(accounts)
  const services = [fakeAuth.service, usersService, postsService, ...added]
  await using undo = new AsyncDisposableStack()
  const booted: BootedServices[] = []
  for (let i = 0; i < instances; i++) {
    const beside = booted[0] && { beside: booted[0] }
    booted.push(undo.use(await bootServices(services, { ...options, ...beside })))
  }
  const edges = booted.map(each => makeCall(each.host.dispatcher))
  const parts = undo.move()
  return {
    instances: booted,
    addPerson: (username = `person_${accounts.size + 1}`) => {
      const id = newId('user', randomShard())
      accounts.set(id, {
        id,
        username,
        displayName: username,
        email: `${username}@example.org`,
        emailVerified: false,
        roles: ['user'],
        createdAt: new Date().toISOString(),
      })
      return id
    },
    suspend: fakeAuth.suspend,
    as: (contract, id, instance = 0) => curried(edges[instance % edges.length]!, contract, id),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

/** An auth service that knows accounts and who is suspended, and nothing else. */
function accountsOnly(accounts: ReadonlyMap<UserId, Account>) {
  const suspended = new Set<UserId>()
  let db: Db
  const known: Record<string, unknown> = {
    accounts: ({ ids }: { ids: readonly UserId[] }) => ids.flatMap(id => accounts.get(id) ?? []),
    accountsByUsername: ({ usernames }: { usernames: readonly string[] }) => {
      const asked = new Set(usernames.map(name => name.toLowerCase()))
      return [...accounts.values()].filter(account => asked.has(account.username.toLowerCase()))
    },
    suspendedIds: () => ({ ids: [...suspended], next: null }),
  }
  const refuse = (name: string) => () => {
    throw new Error(`This auth service knows accounts only, and was asked for ${name}`)
  }
  const handlers = Object.keys(auth.operations).map(name => [name, known[name] ?? refuse(name)])
  return {
    service: service(auth, undefined, kit => {
      db = kit.db
      return { handlers: Object.fromEntries(handlers) }
    }) as ServiceDefinition,
    suspend: async (id: UserId, isSo = true) => {
      if (isSo) suspended.add(id)
      else suspended.delete(id)
      await db.transaction(async tx => {
        const data = { userId: id, revision: 1 }
        await appendEvents(tx, [newEvent(auth, isSo ? 'suspended' : 'unsuspended', id, data)])
      })
    },
  }
}

function curried<C extends Contract>(
  call: ReturnType<typeof makeCall>,
  contract: C,
  id: UserId | undefined,
): Asked<C['operations']> {
  const client = call(contract) as Record<string, (input: unknown, context: unknown) => Promise<unknown>>
  const entries = Object.keys(contract.operations).map(name => [
    name,
    (input: unknown) => client[name]!(input, deriveContext(asking(id), { caller: 'edge' })),
  ])
  return Object.fromEntries(entries) as Asked<C['operations']>
}
