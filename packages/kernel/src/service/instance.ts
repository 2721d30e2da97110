import { hash } from 'node:crypto'
import { Closed, type Contract, query, type Static, Timestamp, Type } from '../contract/index.ts'
import type { NotReady } from './readiness.ts'

const Instance = Closed({
  /** `host:pid`, or what it was given. */
  instance: Type.String(),
  service: Type.String(),
  version: Type.String(),
  /** Digest of the operations and their schemas: instances that differ do not understand each other. */
  contract: Type.String(),
  pid: Type.Integer(),
  startedAt: Timestamp,
  /** Its clock, epoch ms. */
  clock: Type.Integer(),
  /** Database connections it may open for this service. */
  connections: Type.Integer(),
  isReady: Type.Boolean(),
  /** What keeps it from being ready. */
  notReady: Type.Array(Type.String()),
})

/** What an instance says of itself. */
export type InstanceView = Static<typeof Instance>

/** Answered by each instance of every service; asked one by one with `instancesOf`. */
export const instanceOperations = {
  $instance: query({
    access: 'internal',
    summary: 'Which instance this is, its version, its clock, and whether it is ready.',
    input: Closed({}),
    output: Instance,
  }),
}

/** What stays the same of an instance while it runs. */
export type InstanceFacts = Pick<InstanceView, 'instance' | 'version' | 'startedAt'>

/** Answers `$instance` for one of its services. */
export function instanceHandler(
  contract: Contract,
  facts: InstanceFacts,
  connections: number,
  notReady: () => Promise<readonly NotReady[]>,
): () => Promise<InstanceView> {
  const digest = contractDigest(contract)
  return async () => {
    const missing = await notReady()
    return {
      ...facts,
      service: contract.name,
      contract: digest,
      pid: process.pid,
      clock: Date.now(),
      connections,
      isReady: missing.length === 0,
      notReady: missing.map(({ part, reason }) => `${part}: ${reason}`),
    }
  }
}

/** The same for contracts that understand each other: names, kinds and schemas of operations and events; not their descriptions' order. */
export function contractDigest({ name, operations, events }: Contract): string {
  const said = Object.entries(operations).map(([key, { kind, access, route, input, output, repeat }]) => {
    return [key, { kind, access, route, input, output, repeat }]
  })
  const json = JSON.stringify([name, Object.fromEntries(said), events], sorted)
  return hash('sha256', json).slice(0, 16)
}

// Members in the order of their names: how a contract is written does not matter.
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
