import { type Account, auth } from '@plaza/auth/contract'
import { type Client, deriveContext, makeCall } from '@plaza/kernel/call'
import type { Contract, Operations, UserId } from '@plaza/kernel/contract'
import { newId, randomShard } from '@plaza/kernel/data'
import { type ServiceDefinition, service } from '@plaza/kernel/service'
import { postsService } from '@plaza/posts/service'
import { usersService } from '@plaza/users/service'
import { asking, type BootedServices, type BootServicesOptions, bootServices } from './boot-services.ts'

/** People who post and follow each other, on the real users and posts and whatever services a test adds. */
export interface SocialSquare extends AsyncDisposable {
  readonly instances: readonly BootedServices[]
  /** Somebody new, without the cost of a password. */
  addPerson(username?: string): UserId
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
  const services = [accountsOnly(accounts), usersService, postsService, ...added]
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
    as: (contract, id, instance = 0) => curried(edges[instance % edges.length]!, contract, id),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

/** An auth service that knows accounts and nothing else. */
function accountsOnly(accounts: ReadonlyMap<UserId, Account>): ServiceDefinition {
  const known: Record<string, unknown> = {
    accounts: ({ ids }: { ids: readonly UserId[] }) => ids.flatMap(id => accounts.get(id) ?? []),
    accountsByUsername: ({ usernames }: { usernames: readonly string[] }) => {
      const asked = new Set(usernames.map(name => name.toLowerCase()))
      return [...accounts.values()].filter(account => asked.has(account.username.toLowerCase()))
    },
  }
  const refuse = (name: string) => () => {
    throw new Error(`This auth service knows accounts only, and was asked for ${name}`)
  }
  const handlers = Object.keys(auth.operations).map(name => [name, known[name] ?? refuse(name)])
  return service(auth, undefined, () => ({ handlers: Object.fromEntries(handlers) }))
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
