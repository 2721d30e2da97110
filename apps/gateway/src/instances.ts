import { type Dispatcher, makeCall, newContext, type RemoteCalls } from '@plaza/kernel/call'
import { type Host, type InstanceView, kernelOf } from '@plaza/kernel/service'

/** One instance of a service: what it says about itself, or why it says nothing. */
export interface Instance {
  /** Undefined: it is in this process. */
  readonly url: string | undefined
  readonly view: InstanceView | undefined
  readonly reason: string | undefined
}

/** Whoever does not answer in this time (ms) counts as away. */
const patience = 2_000

/** Asks every instance of a service, wherever they are; one that is away is part of the answer. */
export async function askInstances(
  host: Pick<Host, 'local' | 'hosted'>,
  remote: RemoteCalls | undefined,
  name: string,
  own: string,
): Promise<readonly Instance[]> {
  if (name === own || host.hosted.includes(name)) return [await ask(undefined, host.local, name)]
  const found = (await remote?.instancesOf(name).catch(() => [])) ?? []
  if (found.length === 0) return [{ url: undefined, view: undefined, reason: 'no address of it is known' }]
  return Promise.all(found.map(({ url, dispatcher }) => ask(url, dispatcher, name)))
}

async function ask(url: string | undefined, dispatcher: Dispatcher, name: string): Promise<Instance> {
  const context = newContext({ requestId: 'instances', deadline: Date.now() + patience })
  try {
    const view = await makeCall(dispatcher)(kernelOf({ name })).$instance({}, context)
    return { url, view, reason: undefined }
  } catch (error) {
    return { url, view: undefined, reason: (error as Error).message }
  }
}
