import { setTimeout as delay } from 'node:timers/promises'
import { mayRepeat } from '../call/index.ts'
import { internalError, overloaded, tooLarge, unavailable, unknownOutcome } from '../contract/index.ts'
import { type Address, gatherAtMost, type Speed } from './address.ts'
import type { AddressBook } from './address-book.ts'
import { List, type ListEnd, type ListOwner } from './list.ts'
import type { RemoteCall } from './remote-call.ts'
import type { RpcMetrics } from './rpc-metrics.ts'
import { listSize, maxBody, maxCalls, wireCall } from './wire.ts'

/** Calls of a service that wait at most; more are refused. */
const maxWaiting = 10_000
/** In characters: in bytes it stays below what a server takes, together with the list it is added to. */
const largestCall = maxBody / 4
/** Attempts after the first that nobody knows the outcome of, and that surely began nothing. */
const maxLost = 2
const maxUnsent = 8
/** A call that may have happened is repeated after a random time up to this (ms), doubled the second time. */
const jitter = 40

/** Gathers the calls of one turn of the event loop to one service into lists, and takes care of those that come back without an answer. */
export class Lane implements ListOwner {
  readonly #service: string
  readonly #speed: Speed
  readonly #book: AddressBook
  readonly #metrics: RpcMetrics
  #waiting: RemoteCall[] = []
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined

  constructor(service: string, speed: Speed, book: AddressBook, metrics: RpcMetrics) {
    this.#service = service
    this.#speed = speed
    this.#book = book
    this.#metrics = metrics
  }

  add(call: RemoteCall): void {
    if (this.#waiting.length >= maxWaiting) this.#dropOver()
    if (this.#waiting.length >= maxWaiting) {
      call.fail(overloaded(`${maxWaiting} calls wait for ${this.#service} already.`, { retryAfter: 1 }))
      return
    }
    this.#waiting.push(call)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    // After this turn's I/O: calls that were made together travel together.
    setImmediate(this.#flush)
  }

  #flush = (): void => {
    this.#isScheduled = false
    if (this.#waiting.length === 0) return
    const resolving = this.#book.refresh()
    if (resolving !== undefined) {
      void resolving.then(this.#flush)
      return
    }
    while (this.#waiting.length > 0) {
      const address = this.#book.pick(this.#speed, this.#waiting[0]!.avoid, this.#waiting.length < maxCalls)
      if (address === 'none') this.#failAll()
      else if (address === 'full') return
      else if (address === 'gathers') {
        this.#gatherOn()
        return
      } else this.#sendTo(address)
    }
  }

  #gatherOn(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flush()
    }, gatherAtMost)
  }

  #sendTo(address: Address): void {
    const [calls, bodies] = this.#take()
    if (calls.length === 0) return
    this.#metrics.sending(calls.length)
    address.send(this.#speed, new List(address, calls, this), bodies)
  }

  /** The first calls that wait, as many as travel together. */
  #take(): [RemoteCall[], string[]] {
    const most = this.#speed === 'slow' ? 1 : maxCalls
    const calls: RemoteCall[] = []
    const bodies: string[] = []
    let size = 0
    let taken = 0
    const avoid = this.#waiting[0]?.avoid
    for (const call of this.#waiting) {
      if (calls.length === most || size >= listSize || call.avoid !== avoid) break
      taken++
      if (call.isOver) continue
      const body = this.#bodyOf(call)
      if (body === undefined) continue
      size += body.length
      calls.push(call)
      bodies.push(body)
    }
    this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken)
    return [calls, bodies]
  }

  #bodyOf(call: RemoteCall): string | undefined {
    try {
      const body = wireCall(call.id, call.name, call.input, call.context)
      if (body.length < largestCall) return body
      call.fail(tooLarge(`A call of ${body.length} characters is too large to travel.`))
    } catch (error) {
      call.fail(internalError('Something went wrong on our side.', undefined, error))
    }
    return undefined
  }

  /** The first part of an answer to a list. */
  answered(list: List): void {
    list.address.answered(this.#speed)
    if (this.#waiting.length > 0) this.#schedule()
  }

  landed(list: List, unanswered: readonly RemoteCall[], end: ListEnd): void {
    list.address.landed(this.#speed)
    if (unanswered.length > 0) {
      if (end.isUnsent) this.#unsent(list.address, unanswered, end.error)
      else this.#lost(list.address, unanswered, end.error)
    }
    if (this.#waiting.length > 0) this.#schedule()
  }

  // Nothing has begun: any call may go elsewhere at once.
  #unsent(address: Address, calls: readonly RemoteCall[], error: Error): void {
    this.#book.putAside(address, error)
    for (const call of calls) {
      call.avoid = address
      if (++call.unsent > maxUnsent) call.fail(this.#awayFor(call, error))
    }
    this.#again(calls, 'unsent')
  }

  // They may have happened: only what may be repeated is.
  #lost(address: Address, calls: readonly RemoteCall[], error: Error): void {
    for (const call of calls) {
      call.avoid = address
      if (++call.lost > maxLost || !mayRepeat(call.operation, call.context))
        call.fail(this.#awayFor(call, error))
    }
    const pause = Math.random() * jitter * (calls[0]?.lost ?? 1)
    void delay(pause).then(() => this.#again(calls, 'lost'))
  }

  #again(calls: readonly RemoteCall[], reason: 'lost' | 'unsent'): void {
    const left = calls.filter(call => !call.isOver)
    if (left.length === 0) return
    this.#metrics.repeated(this.#service, reason, left.length)
    this.#waiting = [...left, ...this.#waiting]
    this.#schedule()
  }

  #failAll(): void {
    const calls = this.#waiting
    this.#waiting = []
    for (const call of calls) call.fail(this.#awayFor(call, this.#book.trouble))
  }

  #awayFor(call: RemoteCall, cause: unknown) {
    if (call.operation.kind === 'command' && call.lost > 0) {
      const message = `${this.#service} went away before it answered, and it may have happened: ask again with the same Idempotency-Key.`
      return unknownOutcome(message, undefined, cause)
    }
    return unavailable(`The service ${this.#service} does not answer.`, { retryAfter: 1 }, cause)
  }

  #dropOver(): void {
    this.#waiting = this.#waiting.filter(call => !call.isOver)
  }
}
