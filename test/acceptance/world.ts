import { randomInt } from 'node:crypto'
import { eventually } from '../eventually.ts'
import { Api } from './api.ts'
import { expectStatus } from './expectations.ts'
import { type Answer, HttpSender } from './http-answer.ts'
import { OpenApiAgreement, type OpenApiDocument } from './openapi-agreement.ts'
import type { Page, Post, SignedIn } from './shapes.ts'
import type { TokenForge } from './token-forge.ts'

/** A Plaza the suite runs against, wherever its parts are. */
export interface Topology {
  /** A gateway. */
  readonly url: string
  /** The other gateways: what is written through one is read through the next. */
  readonly furtherUrls?: readonly string[]
  /** Processes without a gateway, each with `/metrics` of its own. */
  readonly processUrls?: readonly string[]
  readonly admin: { readonly login: string; readonly password: string }
  /** A web origin that the configuration lets in. */
  readonly allowedOrigin: string
  /** Signs tokens with Plaza's own key, as only somebody who stole it could. */
  readonly forge: TokenForge
}

/** Somebody who is logged in. */
export interface Person {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly password: string
  readonly accessToken: string
  readonly refreshToken: string
}

/** What the tests of one run share. */
export class SharedWorld {
  readonly topology: Topology
  readonly sender: HttpSender
  readonly agreement: OpenApiAgreement
  #admin: Promise<Person> | undefined

  private constructor(topology: Topology, sender: HttpSender, document: OpenApiDocument) {
    this.topology = topology
    this.sender = sender
    this.agreement = new OpenApiAgreement(document)
  }

  static async open(topology: Topology): Promise<SharedWorld> {
    const sender = new HttpSender(topology.url, ...(topology.furtherUrls ?? []))
    const { body } = await sender.send({ method: 'GET', path: '/openapi.json' })
    return new SharedWorld(topology, sender, body as OpenApiDocument)
  }

  admin(api: Api): Promise<Person> {
    this.#admin ??= logIn(api, this.topology.admin.login, this.topology.admin.password)
    return this.#admin
  }

  [Symbol.dispose](): void {
    this.sender.close()
  }
}

/** What one test has to work with: an API of its own, whose calls are noted, and new people. */
export class World {
  readonly api: Api
  readonly topology: Topology
  readonly #shared: SharedWorld

  constructor(shared: SharedWorld) {
    this.#shared = shared
    this.topology = shared.topology
    this.api = new Api(shared.sender, shared.agreement)
  }

  get document(): OpenApiDocument {
    return this.#shared.agreement.document
  }

  /** The admin, in a session all tests share: do not end it. */
  admin(): Promise<Person> {
    return this.#shared.admin(this.api)
  }

  /** Somebody new, who has a name like this one. */
  async person(name = 'ana'): Promise<Person> {
    const wanted = registration(name)
    const answer = await patiently(() => this.api.post<SignedIn>('/auth/register', wanted))
    return personOf(expectStatus(answer, 201).body, wanted.password)
  }

  /** New people, one for each name. */
  people<const N extends readonly string[]>(...names: N): Promise<{ [K in keyof N]: Person }> {
    return Promise.all(names.map(name => this.person(name))) as Promise<{ [K in keyof N]: Person }>
  }

  logIn(login: string, password: string): Promise<Person> {
    return logIn(this.api, login, password)
  }

  /** Writes a post and gives it. */
  async post(author: Person, text: string, more: Readonly<Record<string, unknown>> = {}): Promise<Post> {
    const answer = await this.api.post<Post>('/posts', { text, ...more }, { as: author })
    return expectStatus(answer, 201).body
  }

  async follow(who: Person, whom: Person): Promise<void> {
    expectStatus(await this.api.put(`/users/${whom.id}/follow`, undefined, { as: who }), 204)
  }

  /** The texts of a list of posts, in its order. */
  async texts(path: string, as?: Person): Promise<string[]> {
    const answer = await this.api.get<Page<Post>>(path, as && { as })
    return expectStatus(answer, 200).body.items.map(each => each.text)
  }

  /** Every item of a list, page by page to its end. */
  async all<T>(path: string, limit: number, as?: Person): Promise<T[]> {
    const items: T[] = []
    for (let cursor: string | null = null; ; ) {
      const mark = path.includes('?') ? '&' : '?'
      const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const answer = await this.api.get<Page<T>>(`${path}${mark}limit=${limit}${at}`, as && { as })
      const { body } = expectStatus(answer, 200)
      items.push(...body.items)
      if (body.nextCursor === null) return items
      cursor = body.nextCursor
    }
  }
}

let counted = 0

/** What somebody new sends to register; no two are alike. */
export function registration(name = 'ana') {
  const username =
    `${name}_${Date.now().toString(36)}${(counted++).toString(36)}${randomInt(1296).toString(36)}`.toLowerCase()
  return { email: `${username}@plaza.example`, username, password: 'correct horse battery staple' }
}

/** Passwords are checked a few at a time: tests side by side on a busy machine come again, as the answer asks them to. */
function patiently(ask: () => Promise<Answer<SignedIn>>): Promise<Answer<SignedIn>> {
  return eventually(async () => {
    const answer = await ask()
    if (answer.status === 503) throw new Error(`Still overloaded: ${answer.text}`)
    return answer
  }, 20_000)
}

function personOf({ user, accessToken, refreshToken }: SignedIn, password: string): Person {
  return { id: user.id, username: user.username, email: user.email, password, accessToken, refreshToken }
}

async function logIn(api: Api, login: string, password: string): Promise<Person> {
  const answer = await patiently(() => api.post<SignedIn>('/auth/login', { login, password }))
  return personOf(expectStatus(answer, 200).body, password)
}
