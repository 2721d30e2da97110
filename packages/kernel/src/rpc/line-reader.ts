const newline = 10

/** Cuts chunks of NDJSON into lines as they arrive. Throws when a line is longer than `limit` bytes. */
export class LineReader {
  readonly #limit: number
  readonly #take: (line: string) => void
  // What came of a line that has not ended.
  #begun: Buffer[] = []
  #length = 0

  constructor(limit: number, take: (line: string) => void) {
    this.#limit = limit
    this.#take = take
  }

  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(newline)
    if (end < 0) {
      this.#keep(chunk)
      return
    }
    let whole = chunk.subarray(0, end)
    if (this.#length > 0) {
      whole = Buffer.concat([...this.#begun, whole])
      this.#begun = []
      this.#length = 0
    }
    if (end + 1 < chunk.length) this.#keep(chunk.subarray(end + 1))
    for (const line of whole.toString().split('\n')) this.#take(line)
  }

  #keep(part: Buffer): void {
    this.#length += part.length
    if (this.#length > this.#limit) throw new RangeError(`An answer has more than ${this.#limit} bytes`)
    this.#begun.push(part)
  }
}
