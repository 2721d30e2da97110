import type { Answer, HttpSender } from './http-answer.ts'
import type { OpenApiAgreement } from './openapi-agreement.ts'

export interface RequestOptions {
  /** Whose access token is sent. */
  readonly as?: { readonly accessToken: string }
  /** The Idempotency-Key. */
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The suite's one HTTP client: each request goes to the next gateway, every answer is compared with `/openapi.json`, and what was called is noted. */
export class Api {
  /** `POST /api/v1/posts`, as the document or, for pages, the path names it: what was answered, and what was only refused. */
  readonly calls = { answered: new Set<string>(), refused: new Set<string>() }
  readonly #sender: HttpSender
  readonly #agreement: OpenApiAgreement
  #turn = 0

  constructor(sender: HttpSender, agreement: OpenApiAgreement) {
    this.#sender = sender
    this.#agreement = agreement
  }

  get<T>(path: string, options?: RequestOptions): Promise<Answer<T>> {
    return this.request('GET', path, undefined, options)
  }

  post<T>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>> {
    return this.request('POST', path, body, options)
  }

  put<T>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>> {
    return this.request('PUT', path, body, options)
  }

  patch<T>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>> {
    return this.request('PATCH', path, body, options)
  }

  delete<T>(path: string, options?: RequestOptions): Promise<Answer<T>> {
    return this.request('DELETE', path, undefined, options)
  }

  /** `body` goes as JSON, a string or Buffer as it is. */
  async request<T>(
    method: string,
    path: string,
    body?: unknown,
    { as, key, headers }: RequestOptions = {},
  ): Promise<Answer<T>> {
    const raw = typeof body === 'string' || Buffer.isBuffer(body)
    const answer = await this.#sender.send({
      method,
      path: absolute(path),
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(as && { Authorization: `Bearer ${as.accessToken}` }),
        ...(key !== undefined && { 'Idempotency-Key': key }),
        ...headers,
      },
      ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
      turn: this.#turn++,
    })
    this.#check(answer)
    return answer as Answer<T>
  }

  #check(answer: Answer): void {
    const met = this.#agreement.operationOf(answer.method, answer.path)
    const name = met?.name ?? `${answer.method} ${answer.path.split('?', 1)[0]}`
    if (answer.status < 400) this.calls.answered.add(name)
    else if (met !== undefined) this.calls.refused.add(name)
    if (met === undefined) return
    // Too large for the server to read any address out of it.
    if (answer.status === 431) return
    this.#agreement.assertAgrees(met, answer)
  }
}

/** Paths are those of version 1, without its beginning, unless they are outside of it. */
function absolute(path: string): string {
  return /^\/(api|health|metrics|openapi\.json|docs|\.well-known|graphql)(?![a-z])/.test(path)
    ? path
    : `/api/v1${path}`
}
