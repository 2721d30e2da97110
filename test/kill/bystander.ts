import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, HttpSender } from '../acceptance/http-answer.ts'
import type { SignedIn } from '../acceptance/shapes.ts'
import type { Ledger, Member } from './ledger.ts'

const password = 'a password of a bystander'

/** What a person does, by the services that must answer for it. */
const needs = {
  'log in': ['auth'],
  'read a profile': ['users'],
  'list followers': ['users'],
  'follow or not': ['users'],
  'read a post without a log-in': ['posts'],
  'read a post': ['posts', 'users'],
  'list posts': ['posts', 'users'],
  post: ['posts', 'users'],
  'read the home timeline': ['timelines', 'posts', 'users'],
} as const

type Deed = keyof typeof needs

/** What must still be answered while nobody answers for this service. */
export function deedsWithout(service: string): readonly Deed[] {
  return (Object.keys(needs) as Deed[]).filter(deed => !needs[deed].some(each => each === service))
}

/** One client that does only what must work, and to whom nothing but success will do. */
export class Bystander {
  readonly #name: string
  readonly #ledger: Ledger
  #me: (Member & { readonly accessToken: string }) | undefined
  #counted = 0
  #lastPost = ''

  constructor(name: string, ledger: Ledger) {
    this.#name = name
    this.#ledger = ledger
  }

  get id(): string {
    return this.#me!.id
  }

  get accessToken(): string {
    return this.#me!.accessToken
  }

  /** Registers itself and writes a first post. */
  async enter(url: string): Promise<void> {
    using sender = senderTo(url)
    const body = { email: `${this.#name}@plaza.example`, username: this.#name, password }
    const { user, accessToken } = (await this.#ask(sender, 'POST', '/auth/register', body)).body as SignedIn
    this.#me = { id: user.id, username: user.username, accessToken }
    this.#ledger.addMember({ id: user.id, username: user.username })
    await this.#do(sender, 'post')
  }

  /** Does each thing once: everything works, and what is read is kept in memory from now on. What failed may be done again. */
  async doAll(url: string): Promise<void> {
    using sender = senderTo(url)
    for (const deed of Object.keys(needs) as Deed[]) await this.#do(sender, deed)
  }

  /** Does these things over and over until the signal; returns how often. Throws at the first that does not succeed. */
  async insistOn(url: string, deeds: readonly Deed[], signal: AbortSignal): Promise<number> {
    using sender = senderTo(url)
    let done = 0
    while (!signal.aborted && deeds.length > 0) {
      for (const deed of deeds) {
        if (signal.aborted) break
        await this.#do(sender, deed)
        done++
      }
      await sleep(5)
    }
    return done
  }

  async #do(sender: Sender, deed: Deed): Promise<void> {
    try {
      await this.#deeds[deed](sender)
    } catch (error) {
      throw new Error(`A bystander could not ${deed}: ${(error as Error).message}`, { cause: error })
    }
  }

  readonly #deeds: Readonly<Record<Deed, (sender: Sender) => Promise<unknown>>> = {
    'log in': sender => this.#logIn(sender),
    'read a profile': sender => this.#ask(sender, 'GET', `/users/${this.id}`),
    'list followers': sender => this.#ask(sender, 'GET', `/users/${this.id}/followers`),
    'follow or not': sender => this.#followOrNot(sender),
    'read a post without a log-in': sender =>
      this.#ask(sender, 'GET', `/posts/${this.#lastPost}`, undefined, false),
    'read a post': sender => this.#ask(sender, 'GET', `/posts/${this.#lastPost}`),
    'list posts': sender => this.#ask(sender, 'GET', `/users/${this.id}/posts`),
    post: sender => this.#post(sender),
    'read the home timeline': sender => this.#ask(sender, 'GET', '/timelines/home'),
  }

  async #post(sender: Sender): Promise<void> {
    const key = `${this.#name}-${this.#counted}`
    const text = `${key} #kill`
    const { body } = await this.#ask(sender, 'POST', '/posts', { text }, true, key)
    const { id } = body as { id: string }
    this.#ledger.postsOf(this.id).push({ id, key, texts: [text], deleted: false, likes: new Set() })
    this.#lastPost = id
    this.#counted++
  }

  async #followOrNot(sender: Sender): Promise<void> {
    const other = this.#ledger.members.find(each => each.id !== this.id)!
    const followed = this.#ledger.followsOf(this.id)
    const isFollowed = followed.has(other.id)
    await this.#ask(sender, isFollowed ? 'DELETE' : 'PUT', `/users/${other.id}/follow`)
    if (isFollowed) followed.delete(other.id)
    else followed.add(other.id)
  }

  // Passwords are checked a few at a time, and only so many may wait: writers that register may be in the way.
  async #logIn(sender: Sender): Promise<void> {
    const body = { login: this.#name, password }
    const end = Date.now() + 20_000
    for (;;) {
      const answer = await this.#send(sender, 'POST', '/auth/login', body, false)
      const isBusy = answer.status === 503 && /"code":"overloaded"/.test(answer.text)
      if (!isBusy || Date.now() > end) {
        assert.equal(answer.status, 200, answer.text)
        this.#me = { ...this.#me!, accessToken: (answer.body as SignedIn).accessToken }
        return
      }
      await sleep(100)
    }
  }

  async #ask(...[sender, method, path, ...more]: SendArguments): Promise<Answer> {
    const answer = await this.#send(sender, method, path, ...more)
    assert.ok(answer.status < 300, `${method} ${path} → ${answer.status} ${answer.text}`)
    return answer
  }

  #send(...[sender, method, path, body, asMe = true, key]: SendArguments): Promise<Answer> {
    return sender.send({
      method,
      path: `/api/v1${path}`,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(asMe && this.#me !== undefined && { Authorization: `Bearer ${this.#me.accessToken}` }),
        ...(key !== undefined && { 'Idempotency-Key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }
}

type SendArguments = [
  sender: Sender,
  method: string,
  path: string,
  body?: unknown,
  asMe?: boolean,
  key?: string,
]
type Sender = HttpSender & Disposable

function senderTo(url: string): Sender {
  const sender = new HttpSender(url)
  return Object.assign(sender, { [Symbol.dispose]: () => sender.close() })
}
