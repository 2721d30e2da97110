import type { RemoteCalls } from '@plaza/kernel/call'
import type { Exchange } from '@plaza/kernel/http'
import type { Host, NotReady } from '@plaza/kernel/service'
import { askInstances } from './instances.ts'

/** Readiness asked of databases at most this often (ms), however many ask: it is open to everybody. */
const askEvery = 250
/** The same of services elsewhere. */
const askOthersEvery = 1_000
/** A database that does not answer for so long (ms) counts as away. */
const patience = 2_000

const json = ['Content-Type', 'application/json', 'Cache-Control', 'no-store']

/** `/health/live`: this process can answer. */
export function answerLive(exchange: Exchange): void {
  exchange.write(200, json, '{"status":"live"}')
}

type ReadyHost = Pick<Host, 'contracts' | 'hosted' | 'local' | 'notReady'>

/**
 * `/health/ready`: whether this process can do its work: databases, subscriptions, and not about to stop. How services elsewhere are is
 * shown beside: one that is away is no reason to send nobody here.
 */
export class Readiness {
  readonly #host: ReadyHost
  readonly #remote: RemoteCalls | undefined
  readonly #own: string
  readonly #isDraining: () => boolean
  #asked: Promise<readonly NotReady[]> = Promise.resolve([])
  #askedAt = Number.NEGATIVE_INFINITY
  #away: Promise<readonly string[]> = Promise.resolve([])
  #awayAskedAt = Number.NEGATIVE_INFINITY

  constructor(host: ReadyHost, remote: RemoteCalls | undefined, own: string, isDraining: () => boolean) {
    this.#host = host
    this.#remote = remote
    this.#own = own
    this.#isDraining = isDraining
  }

  answer = async (exchange: Exchange): Promise<void> => {
    const draining = this.#isDraining() ? [{ part: 'gateway', reason: 'stopping' }] : []
    const [found, away] = await Promise.all([this.#notReady(), this.#awayServices()])
    const notReady = [...draining, ...found]
    const parts = this.#host.contracts.map(({ name }) => {
      const isReady = !away.includes(name) && !notReady.some(each => each.part.split(':', 1)[0] === name)
      return { name, status: isReady ? 'ready' : 'not ready' }
    })
    const status = notReady.length === 0 ? 'ready' : 'not ready'
    const headers = status === 'ready' ? json : [...json, 'Retry-After', '1']
    exchange.write(status === 'ready' ? 200 : 503, headers, JSON.stringify({ status, parts, notReady }))
  }

  /** Services elsewhere of which no instance is ready. */
  #awayServices(): Promise<readonly string[]> {
    const now = performance.now()
    if (now - this.#awayAskedAt >= askOthersEvery) {
      this.#awayAskedAt = now
      this.#away = this.#askOthers()
    }
    return this.#away
  }

  async #askOthers(): Promise<readonly string[]> {
    const elsewhere = this.#host.contracts
      .map(each => each.name)
      .filter(name => name !== this.#own && !this.#host.hosted.includes(name))
    const asked = elsewhere.map(async name => {
      const instances = await askInstances(this.#host, this.#remote, name, this.#own)
      return instances.some(each => each.view?.isReady === true) ? [] : [name]
    })
    return (await Promise.all(asked)).flat()
  }

  #notReady(): Promise<readonly NotReady[]> {
    const now = performance.now()
    if (now - this.#askedAt >= askEvery) {
      this.#askedAt = now
      this.#asked = bounded(this.#host.notReady())
    }
    return this.#asked
  }
}

function bounded(asked: Promise<readonly NotReady[]>): Promise<readonly NotReady[]> {
  const { promise, resolve } = Promise.withResolvers<readonly NotReady[]>()
  const timer = setTimeout(
    () => resolve([{ part: 'gateway', reason: 'its services do not answer' }]),
    patience,
  )
  asked
    .then(resolve, () => resolve([{ part: 'gateway', reason: 'its services cannot be asked' }]))
    .finally(() => clearTimeout(timer))
  return promise
}
