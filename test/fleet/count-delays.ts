import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

interface Row {
  readonly id: string
  readonly posts: number
  readonly counted: number
}

/** Watches, beneath all services, how long after its commit each post is counted. Its authors only ever add posts. */
export class CountDelays {
  readonly #client: pg.Client
  readonly #authors: readonly string[]
  /** By author: when each post that is not counted yet was first seen. */
  readonly #waiting = new Map<string, number[]>()
  readonly #stop = new AbortController()
  readonly #watching: Promise<void>
  #slowest = 0
  #seen = 0

  /** `authors` are their uuids. */
  constructor(client: pg.Client, authors: readonly string[]) {
    this.#client = client
    this.#authors = authors
    this.#watching = this.#watch()
    this.#watching.catch(() => {})
  }

  /** Posts seen, and the longest time (ms) that one waited or is waiting; both begin again. */
  take(): { readonly seen: number; readonly slowest: number } {
    const now = performance.now()
    const still = [...this.#waiting.values()].map(([first = now]) => now - first)
    const taken = { seen: this.#seen, slowest: Math.max(this.#slowest, ...still) }
    this.#slowest = 0
    this.#seen = 0
    return taken
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await this.#watching
  }

  async #watch(): Promise<void> {
    const before = new Map<string, Row>()
    while (!this.#stop.signal.aborted) {
      // One statement sees one moment.
      const { rows } = await this.#client.query<Row>(
        `select p.author_id as id, p.posts::int, coalesce(c.post_count, 0)::int as counted
         from (select author_id, count(*) as posts from posts.posts where author_id = any($1) group by author_id) as p
         left join users.post_counts as c on c.user_id = p.author_id`,
        [this.#authors],
      )
      for (const row of rows) this.#note(row, before.get(row.id))
      for (const row of rows) before.set(row.id, row)
      await sleep(20)
    }
  }

  #note({ id, posts, counted }: Row, before: Row | undefined): void {
    const now = performance.now()
    if (before === undefined) {
      this.#waiting.set(id, Array<number>(posts - counted).fill(now))
      return
    }
    const waiting = this.#waiting.get(id)!
    for (let n = before.posts; n < posts; n++) waiting.push(now)
    this.#seen += posts - before.posts
    for (let n = before.counted; n < counted; n++)
      this.#slowest = Math.max(this.#slowest, now - (waiting.shift() ?? now))
  }
}
