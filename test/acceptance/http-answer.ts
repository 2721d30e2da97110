import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { gunzipSync } from 'node:zlib'

/** An HTTP answer, its JSON read. */
export interface Answer<T = unknown> {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON, or undefined when it is empty or none. */
  readonly body: T
}

export interface Sending {
  readonly method: string
  /** Path and query, sent as they are. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** Which gateway it goes to, counted on and on: they take turns. */
  readonly turn?: number
}

/** Sends requests as they are given: unlike fetch it judges nothing, so that wrong ones arrive too. */
export class HttpSender {
  readonly #urls: readonly string[]
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })

  constructor(...urls: readonly string[]) {
    this.#urls = urls
  }

  send({ method, path, headers = {}, body, turn = 0 }: Sending): Promise<Answer> {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.#urls[turn % this.#urls.length]}${path}`, {
        method,
        path,
        headers: { ...length, ...headers },
        agent: this.#agent,
        timeout: 30_000,
      })
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path} was not answered in 30 s`)))
      let answered = false
      // A server that refuses a body may close before all of it is sent: what counts is its answer.
      outgoing.on('error', error => answered || reject(error))
      outgoing.on('response', incoming => {
        answered = true
        const chunks: Buffer[] = []
        incoming.on('data', chunk => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const { statusCode: status = 0, headers } = incoming
          const text = plain(Buffer.concat(chunks), headers).toString()
          resolve({ method, path, status, headers, text, body: jsonOf(text, headers) })
        })
      })
      outgoing.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

function plain(body: Buffer, headers: IncomingHttpHeaders): Buffer {
  return headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
}

function jsonOf(text: string, headers: IncomingHttpHeaders): unknown {
  return text !== '' && /json/.test(headers['content-type'] ?? '') ? JSON.parse(text) : undefined
}
