import type { Contract, InputOf, Operation, Operations, OutputOf } from '../contract/index.ts'
import type { Context } from './context.ts'

/** The typed operations of a contract, wherever its service runs. */
export type Client<O extends Operations> = {
  readonly [K in keyof O]: (input: InputOf<O[K]>, context: Context) => Promise<OutputOf<O[K]>>
}

/** `call(users).byIds({ ids }, context)`: the caller never knows where `users` runs. */
export type Call = <C extends Contract>(contract: C) => Client<C['operations']>

/** Takes one call to where its service is. The local half is `host`; the remote half speaks `/rpc`. */
export interface Dispatcher {
  invoke(service: string, operation: string, input: unknown, context: Context): Promise<unknown>
}

/** Takes calls to services that are not in this process. */
export interface RemoteCalls extends Dispatcher {
  /** Every address of a service as it is resolved now, one by one: each dispatcher asks that instance and no other. */
  instancesOf(service: string): Promise<readonly Instance[]>
  /** Ends what is under way; later calls are `unavailable`. */
  close(): Promise<void>
}

export interface Instance {
  readonly url: string
  readonly dispatcher: Dispatcher
}

/** Makes `call` over a dispatcher. Clients are made once per contract. */
export function makeCall(dispatcher: Dispatcher): Call {
  const clients = new Map<Contract, unknown>()
  return <C extends Contract>(contract: C) => {
    let client = clients.get(contract)
    if (client === undefined) {
      client = clientOf(contract, dispatcher)
      clients.set(contract, client)
    }
    return client as Client<C['operations']>
  }
}

function clientOf(contract: Contract, dispatcher: Dispatcher) {
  const operations = Object.keys(contract.operations) as (keyof Operations & string)[]
  return Object.fromEntries(
    operations.map(name => [
      name,
      (input: unknown, context: Context) => dispatcher.invoke(contract.name, name, input, context),
    ]),
  ) as Record<string, (input: InputOf<Operation>, context: Context) => Promise<unknown>>
}
