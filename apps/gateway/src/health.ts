import type { Exchange } from '@plaza/kernel/http'
import type { Host, NotReady } from '@plaza/kernel/service'

/** Readiness asked of databases at most this often (ms), however many ask: it is open to everybody. */
const askEvery = 250
/** A database that does not answer for so long (ms) counts as away. */
const patience = 2_000

const json = ['Content-Type', 'application/json', 'Cache-Control', 'no-store']

/** `/health/live`: this process can answer. */
export function answerLive(exchange: Exchange): void {
  exchange.write(200, json, '{"status":"live"}')
}

/** `/health/ready`: whether this process can do its work: databases, subscriptions, and not about to stop. */
export class Readiness {
  readonly #host: Pick<Host, 'contracts' | 'notReady'>
  readonly #isDraining: () => boolean
  #asked: Promise<readonly NotReady[]> = Promise.resolve([])
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(host: Pick<Host, 'contracts' | 'notReady'>, isDraining: () => boolean) {
    this.#host = host
    this.#isDraining = isDraining
  }

  answer = async (exchange: Exchange): Promise<void> => {
    const draining = this.#isDraining() ? [{ part: 'gateway', reason: 'stopping' }] : []
    const notReady = [...draining, ...(await this.#notReady())]
    const parts = this.#host.contracts.map(({ name }) => {
      const isReady = !notReady.some(each => each.part.split(':', 1)[0] === name)
      return { name, status: isReady ? 'ready' : 'not ready' }
    })
    const status = notReady.length === 0 ? 'ready' : 'not ready'
    const headers = status === 'ready' ? json : [...json, 'Retry-After', '1']
    exchange.write(status === 'ready' ? 200 : 503, headers, JSON.stringify({ status, parts, notReady }))
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
