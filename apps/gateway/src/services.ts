import type { Host, NotReady } from '@plaza/kernel/service'
import type { Services } from './contract.ts'

/** What runs in this process and how it is. */
export function listServices(host: Pick<Host, 'contracts' | 'notReady' | 'lags'>, version: string) {
  const startedAt = new Date().toISOString()
  return async (): Promise<Services> => {
    const notReady = await host.notReady()
    const lags = host.lags()
    const items = host.contracts.map(({ name, operations }) => {
      const reasons = notReady
        .filter(each => belongsTo(each, name))
        .map(each => `${each.part}: ${each.reason}`)
      return {
        name,
        operations: Object.values(operations).filter(each => each.route !== undefined).length,
        isReady: reasons.length === 0,
        notReady: reasons,
        subscriptions: lags
          .filter(each => each.subscription.startsWith(`${name}.`))
          .map(({ subscription, events, seconds }) => ({
            name: subscription.slice(name.length + 1),
            eventsBehind: events,
            secondsBehind: seconds,
          })),
      }
    })
    return { version, node: process.versions.node, startedAt, items }
  }
}

/** Parts are named `posts` or `posts: database`. */
function belongsTo({ part }: NotReady, service: string): boolean {
  return part.split(':', 1)[0] === service
}
