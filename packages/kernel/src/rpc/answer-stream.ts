import type { ServerResponse } from 'node:http'

const type = ['Content-Type', 'application/x-ndjson']

/** The answers to one list: what finishes in one turn of the event loop leaves in one write, and the last one ends it. */
export class AnswerStream {
  readonly #response: ServerResponse
  readonly #isLast: () => boolean
  #open: number
  #lines = ''
  #isScheduled = false

  /** `isLast`: whether the connection is to end with this answer. */
  constructor(response: ServerResponse, calls: number, isLast: () => boolean) {
    this.#response = response
    this.#open = calls
    this.#isLast = isLast
  }

  /** Adds one answer; each call must have exactly one. */
  add(line: string): void {
    this.#lines += `${line}\n`
    if (--this.#open === 0) this.#finish()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(this.#flush)
    }
  }

  #flush = (): void => {
    this.#isScheduled = false
    if (this.#open === 0 || this.#response.destroyed) return
    this.#writeHead()
    this.#response.write(this.#lines)
    this.#lines = ''
  }

  #finish(): void {
    if (this.#response.destroyed) return
    if (!this.#response.headersSent)
      this.#writeHead(['Content-Length', String(Buffer.byteLength(this.#lines))])
    this.#response.end(this.#lines)
  }

  #writeHead(more: readonly string[] = []): void {
    if (this.#response.headersSent) return
    const close = this.#isLast() ? ['Connection', 'close'] : []
    this.#response.writeHead(200, [...type, ...more, ...close])
  }
}
