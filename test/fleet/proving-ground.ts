import { seededRandom } from '@plaza/kernel/service'
import { compare } from '../kill/compare.ts'
import { environment } from '../kill/environment.ts'
import { Ledger } from '../kill/ledger.ts'
import { type Tally, type Trouble, Writer } from '../kill/writer.ts'
import { RunningFleet } from './running-fleet.ts'

export const secret = 'a secret of the proofs on a fleet'

/** Every service twice, and a ledger of everything that was ever answered. */
export class ProvingGround implements AsyncDisposable {
  readonly fleet: RunningFleet
  readonly ledger = new Ledger()
  readonly random: () => number

  private constructor(fleet: RunningFleet, seed: number) {
    this.fleet = fleet
    this.random = seededRandom(seed)
  }

  static async open(seed: number): Promise<ProvingGround> {
    const replicas = 'auth=2,users=2,posts=2,timelines=2,privacy=2,gateway=2'
    const env = { ...environment, PLAZA_SECRET: secret }
    return new ProvingGround(await RunningFleet.start({ replicas, env }), seed)
  }

  /** New people, registered, through every gateway; a few at a time, for passwords are slow on purpose. */
  async people(name: string, count: number, random = this.random): Promise<readonly Writer[]> {
    await this.fleet.untilReady() // whatever an earlier proof left behind
    const writers = Array.from({ length: count }, (_, n) => new Writer(`${name}_${n}`, this.ledger, random))
    const waiting = writers.map((writer, n) => ({ writer, url: this.fleet.gateways[n % 2]! }))
    const lane = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await next.writer.enter(next.url)
    }
    await Promise.all(Array.from({ length: 6 }, lane))
    return writers
  }

  /** Holds all there is against the ledger, once nothing is left unanswered. */
  async compare(people: readonly Writer[], everything: boolean): Promise<void> {
    const url = this.fleet.gateways[0]!
    for (const each of people) await each.repeatUnanswered(url)
    await this.fleet.withOwner(owner => compare(url, owner, this.ledger, people, everything))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.fleet[Symbol.asyncDispose]()
  }
}

/** People at work, until the block ends or one of them lost something. */
export class Load implements AsyncDisposable {
  readonly tally: Tally = { answered: 0, unsure: 0, cutOff: 0 }
  /** Aborts as soon as something was lost. */
  readonly signal: AbortSignal
  readonly #stop = new AbortController()
  readonly #working: Promise<unknown>

  constructor(people: readonly Writer[], urls: readonly string[], isLost?: (trouble: Trouble) => boolean) {
    this.signal = this.#stop.signal
    const { tally, signal } = this
    this.#working = Promise.all(people.map(each => each.workInFleet(urls, tally, signal, isLost)))
    this.#working.catch(() => this.#stop.abort())
  }

  /** Resolves once so many more were answered, or something was lost. */
  async more(count: number): Promise<void> {
    const wanted = this.tally.answered + count
    while (this.tally.answered < wanted && !this.signal.aborted)
      await new Promise(resolve => setTimeout(resolve, 10))
  }

  /** Ends it; throws what was lost. */
  async end(): Promise<void> {
    this.#stop.abort()
    await this.#working
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#working.catch(() => {})
  }
}
