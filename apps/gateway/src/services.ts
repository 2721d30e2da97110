import type { RemoteCalls } from '@plaza/kernel/call'
import type { Host } from '@plaza/kernel/service'
import type { Services } from './contract.ts'
import { askInstances, type Instance } from './instances.ts'

type ServiceHost = Pick<Host, 'contracts' | 'hosted' | 'local' | 'lags'>

/** What runs and how it is: each service is asked, wherever it is, and one that does not answer is shown as such. */
export function listServices(
  host: ServiceHost,
  remote: RemoteCalls | undefined,
  own: string,
  version: string,
) {
  const startedAt = new Date().toISOString()
  return async (): Promise<Services> => {
    const lags = host.lags()
    const asked = host.contracts.map(async ({ name, operations }) => {
      const instances = await askInstances(host, remote, name, own)
      return {
        name,
        operations: Object.values(operations).filter(each => each.route !== undefined).length,
        isReady: instances.some(each => each.view?.isReady === true),
        notReady: instances.flatMap(whyNotReady),
        instances: instances.flatMap(({ view }) =>
          view === undefined
            ? []
            : [
                {
                  name: view.instance,
                  version: view.version,
                  startedAt: view.startedAt,
                  isReady: view.isReady,
                },
              ],
        ),
        subscriptions: lags
          .filter(each => each.subscription.startsWith(`${name}.`))
          .map(({ subscription, events, seconds }) => ({
            name: subscription.slice(name.length + 1),
            eventsBehind: events,
            secondsBehind: seconds,
          })),
      }
    })
    return { version, node: process.versions.node, startedAt, items: await Promise.all(asked) }
  }
}

/** Reasons of an instance elsewhere name it, for there may be several. */
function whyNotReady({ url, view, reason }: Instance): string[] {
  const where = url === undefined ? '' : `${url}: `
  if (view === undefined) return [`${where}${reason}`]
  return view.isReady ? [] : view.notReady.map(each => `${where}${each}`)
}
