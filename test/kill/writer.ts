import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, HttpSender } from '../acceptance/http-answer.ts'
import type { Ledger, Member } from './ledger.ts'
import { password, registration, type Wish, Wishes } from './wishes.ts'

export interface Tally {
  answered: number
  /** Answers 5xx: whether it happened is not known. */
  unsure: number
  /** Connections that broke before an answer, or were refused. */
  cutOff: number
}

/** What became of a request that was not answered as hoped. */
export type Trouble = { readonly answer: Answer } | { readonly error: NodeJS.ErrnoException }

/** Whoever could not be reached for a while is tried again within two seconds (ms). */
const patience = 10_000

/**
 * One client that sends one request after the other, at random: posts, answers, likes, edits, deletes, follows, reads, now and then registers
 * somebody, or somebody who erases their account. What it asked last and got no answer to is its pending wish: it is asked again, the same with the same key, after the crash.
 */
export class Writer {
  readonly #name: string
  readonly #ledger: Ledger
  readonly #random: () => number
  #me: (Member & { accessToken: string; since: number }) | undefined
  #pending: Wish | undefined
  /** What a request may still change that nobody waits for any more: left alone until all is quiet. */
  readonly #unsettled = new Set<string>()
  readonly #wishes: Wishes

  constructor(name: string, ledger: Ledger, random: () => number) {
    this.#name = name
    this.#ledger = ledger
    this.#random = random
    this.#wishes = new Wishes(name, ledger, random, this.#unsettled)
  }

  get id(): string {
    return this.#me!.id
  }

  get accessToken(): string {
    return this.#me!.accessToken
  }

  get hasPending(): boolean {
    return this.#pending !== undefined
  }

  /** Registers itself. */
  async enter(url: string): Promise<void> {
    using connection = connectionTo(url)
    const answer = await this.#send(connection.sender, registration(this.#name))
    if (answer.status !== 201) throw new Error(`${this.#name} could not register: ${answer.text}`)
    const { user, accessToken } = answer.body as { user: Member; accessToken: string }
    this.#ledger.addMember({ id: user.id, username: user.username })
    this.#me = { id: user.id, username: user.username, accessToken, since: Date.now() }
  }

  /** Sends until the signal, or until Plaza does not answer any more. */
  async work(url: string, tally: Tally, signal: AbortSignal): Promise<void> {
    using connection = connectionTo(url)
    while (!signal.aborted) {
      this.#pending ??= this.#wishes.next(this.id)
      const answer = await this.#send(connection.sender, this.#pending).catch(() => undefined)
      if (answer === undefined) return
      if (answer.status >= 500) {
        // Asked again, as a client would: at once, and after the crash.
        tally.unsure++
        continue
      }
      this.#settle(answer)
      tally.answered++
    }
  }

  /**
   * Sends until the signal, to one gateway after the other. What is not answered, or with 5xx, is asked again at the next one, the same with
   * the same key, unless `isLost` says of it that it must not have come to that.
   */
  async workInFleet(
    urls: readonly string[],
    tally: Tally,
    signal: AbortSignal,
    isLost: (trouble: Trouble) => boolean = () => false,
  ): Promise<void> {
    this.#unsettled.clear()
    using connection = connectionTo(...urls)
    for (let turn = 0; !signal.aborted; turn++) {
      this.#pending ??= this.#wishes.next(this.id)
      const wish = this.#pending
      const trouble = await this.#attempt(connection.sender, wish, turn)
      if (trouble === undefined) {
        tally.answered++
        continue
      }
      if (isLost(trouble)) throw new Error(`${this.#name}: ${wish.method} ${wish.path} → ${told(trouble)}`)
      if ('error' in trouble) tally.cutOff++
      else tally.unsure++
      if (wish.changes !== undefined) this.#unsettled.add(wish.changes)
      await sleep(100 * this.#random())
    }
  }

  /** Asks again what was left unanswered, and once more what had been answered last: neither may have a second effect. */
  async repeatUnanswered(url: string): Promise<void> {
    using connection = connectionTo(url)
    await this.#logInWhenOld(connection.sender)
    if (this.#pending !== undefined)
      this.#settle(await this.#sendUntilAnswered(connection.sender, this.#pending))
    if (this.#wishes.lastCreation === undefined) return
    const { wish, id } = this.#wishes.lastCreation
    const again = await this.#sendUntilAnswered(connection.sender, wish)
    const { id: idAgain } = again.body as { id?: string }
    if (idAgain !== id)
      throw new Error(`${this.#name}: a post came twice for one key: ${id}, then ${again.text}`)
  }

  /** Undefined when it succeeded and the ledger knows. */
  async #attempt(sender: HttpSender, wish: Wish, turn: number): Promise<Trouble | undefined> {
    try {
      const answer = await this.#send(sender, wish, turn)
      if (answer.status >= 500 || isLater(answer)) return { answer }
      this.#settle(answer)
      return undefined
    } catch (error) {
      if (error instanceof Refused) throw error
      return { error: error as NodeJS.ErrnoException }
    }
  }

  #settle(answer: Answer): void {
    const wish = this.#pending!
    if (answer.status >= 300)
      throw new Refused(
        `${this.#name}: ${wish.method} ${wish.path} ${JSON.stringify(wish.body)} → ${answer.status} ${answer.text}`,
      )
    this.#pending = undefined
    wish.settle(answer)
  }

  async #sendUntilAnswered(sender: HttpSender, wish: Wish): Promise<Answer> {
    const end = Date.now() + patience
    for (;;) {
      const answer = await this.#send(sender, wish)
      if (answer.status < 500 || Date.now() > end) return answer
      await sleep(50)
    }
  }

  #send(sender: HttpSender, { method, path, body, key, token }: Wish, turn = 0): Promise<Answer> {
    const as = token ?? this.#me?.accessToken
    return sender.send({
      turn,
      method,
      path: `/api/v1${path}`,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(as && { Authorization: `Bearer ${as}` }),
        ...(key !== undefined && { 'Idempotency-Key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  // Access tokens live 15 minutes; a run of many rounds lives longer.
  async #logInWhenOld(sender: HttpSender): Promise<void> {
    if (this.#me === undefined || Date.now() - this.#me.since < 300_000) return
    const login = {
      method: 'POST',
      path: '/auth/login',
      body: { login: this.#me.username, password },
      settle: () => {},
    }
    const answer = await this.#sendUntilAnswered(sender, login)
    if (answer.status !== 200) throw new Error(`${this.#name} could not log in: ${answer.text}`)
    this.#me = {
      ...this.#me,
      accessToken: (answer.body as { accessToken: string }).accessToken,
      since: Date.now(),
    }
  }
}

/** An answer that no crash excuses. */
class Refused extends Error {
  override readonly name = 'Refused'
}

/** The first request with this key still runs. */
const isLater = ({ status, text }: Answer) => status === 409 && /still-running/.test(text)

const told = (trouble: Trouble) =>
  'error' in trouble ? trouble.error.message : `${trouble.answer.status} ${trouble.answer.text}`

function connectionTo(...urls: readonly string[]): { readonly sender: HttpSender } & Disposable {
  const sender = new HttpSender(...urls)
  return { sender, [Symbol.dispose]: () => sender.close() }
}
