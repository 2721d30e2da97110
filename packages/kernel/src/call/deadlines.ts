import type { AppError } from '../contract/index.ts'

const tick = 50

/** Somebody who waits for an answer. */
export interface Waiting {
  /** Epoch ms. */
  readonly deadline: number
  /** Called once, when the deadline is over. */
  release(): void
  /** Called at each look while the deadline is not over: what only calls that take long need is done here. */
  linger?(): void
}

/**
 * Releases callers whose deadline is over, with one timer for all of them instead of one each: late by up to 50 ms, and free for
 * calls that end in time.
 */
export class Deadlines {
  readonly #waiting = new Set<Waiting>()
  #timer: NodeJS.Timeout | undefined

  add(waiting: Waiting): void {
    this.#waiting.add(waiting)
    this.#timer ??= setInterval(() => this.#look(), tick).unref()
  }

  remove(waiting: Waiting): void {
    this.#waiting.delete(waiting)
  }

  /** Settles as `work` does, or throws what `late` makes once `deadline` (epoch ms) is over; the work itself goes on to its end. */
  race<T>(work: Promise<T>, deadline: number, late: () => AppError): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { deadline, release: () => reject(late()) }
      this.add(waiting)
      work.then(
        value => {
          this.#waiting.delete(waiting)
          resolve(value)
        },
        error => {
          this.#waiting.delete(waiting)
          reject(error)
        },
      )
    })
  }

  #look(): void {
    const now = Date.now()
    for (const waiting of this.#waiting) {
      if (waiting.deadline > now) {
        waiting.linger?.()
        continue
      }
      this.#waiting.delete(waiting)
      waiting.release()
    }
    if (this.#waiting.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }
}
