import type { ServedContext } from './served-context.ts'

/** The calls that run here for others, by who made them and their number: what is cancelled is found here. */
export class RunningCalls {
  readonly #clients = new Map<string, Map<number, ServedContext>>()

  /** The calls of one client; made for its first. */
  of(client: string): Map<number, ServedContext> {
    let calls = this.#clients.get(client)
    if (calls === undefined) {
      calls = new Map()
      this.#clients.set(client, calls)
    }
    return calls
  }

  cancel(client: string, ids: readonly number[]): void {
    const calls = this.#clients.get(client)
    if (calls === undefined) return
    for (const id of ids) calls.get(id)?.abort()
  }

  /** Forgets clients that have nothing running. */
  tidy(client: string): void {
    if (this.#clients.get(client)?.size === 0) this.#clients.delete(client)
  }
}
