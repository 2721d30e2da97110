/** A person who is logged in at the public API. */
export interface LoggedIn {
  readonly userId: string
  readonly accessToken: string
}

interface Answer {
  readonly status: number
  readonly body: { readonly [key: string]: unknown } | undefined
}

/** The few requests the demo makes, over the public API only. `base` is Plaza's URL. Throws with the server's own words. */
export class ApiClient {
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  async isReady(): Promise<boolean> {
    const answer = await this.#send('GET', '/health/ready').catch(() => undefined)
    return answer?.status === 200
  }

  /** Registers, or logs in when a demo that was stopped made the account already. */
  async enter(person: {
    email: string
    username: string
    password: string
    displayName: string
  }): Promise<LoggedIn> {
    const registered = await this.#send('POST', '/api/v1/auth/register', { body: person })
    if (registered.status === 201) return loggedIn(registered)
    if (registered.status !== 409) throw failed('register', registered)
    const { username: login, password } = person
    const answer = await this.#send('POST', '/api/v1/auth/login', { body: { login, password } })
    if (answer.status !== 200) throw failed('log in', answer)
    return loggedIn(answer)
  }

  async follow(who: LoggedIn, userId: string): Promise<void> {
    const answer = await this.#send('PUT', `/api/v1/users/${userId}/follow`, { token: who.accessToken })
    if (answer.status !== 204) throw failed('follow', answer)
  }

  /** The key makes the post once, however often the demo is run. Gives its id. */
  async post(who: LoggedIn, text: string, key: string): Promise<string> {
    const answer = await this.#send('POST', '/api/v1/posts', { token: who.accessToken, body: { text }, key })
    if (answer.status !== 201) throw failed('post', answer)
    return String(answer.body?.id)
  }

  /** The same for an answer to a post. */
  async comment(who: LoggedIn, postId: string, text: string, key: string): Promise<string> {
    const path = `/api/v1/posts/${postId}/comments`
    const answer = await this.#send('POST', path, { token: who.accessToken, body: { text }, key })
    if (answer.status !== 201) throw failed('comment', answer)
    return String(answer.body?.id)
  }

  async react(who: LoggedIn, what: 'like' | 'repost', postId: string): Promise<void> {
    const answer = await this.#send('PUT', `/api/v1/posts/${postId}/${what}`, { token: who.accessToken })
    if (answer.status !== 204) throw failed(what, answer)
  }

  async #send(method: string, path: string, options: SendOptions = {}, attempts = 8): Promise<Answer> {
    const headers: Record<string, string> = {}
    if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`
    if (options.key !== undefined) headers['idempotency-key'] = options.key
    if (options.body !== undefined) headers['content-type'] = 'application/json'
    const body = options.body === undefined ? null : JSON.stringify(options.body)
    const response = await fetch(this.#base + path, {
      method,
      headers,
      body,
      signal: AbortSignal.timeout(60_000),
    })
    const text = await response.text()
    const asksToWait = response.status === 503 || response.status === 429
    if (asksToWait && attempts > 1 && path !== '/health/ready') {
      const seconds = Number(response.headers.get('retry-after') ?? 1)
      await new Promise(resolve => setTimeout(resolve, Math.min(seconds, 10) * 1000))
      return this.#send(method, path, options, attempts - 1)
    }
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}

interface SendOptions {
  readonly token?: string
  readonly body?: unknown
  readonly key?: string
}

function loggedIn(answer: Answer): LoggedIn {
  const { user, accessToken } = answer.body as { user: { id: string }; accessToken: string }
  return { userId: user.id, accessToken }
}

function failed(what: string, answer: Answer): Error {
  return new Error(`Could not ${what}: ${answer.status} ${String(answer.body?.detail ?? '')}`)
}
