import type { AppError } from '../contract/index.ts'

const tick = 50

/**
 * Releases callers whose deadline is over, with one timer for all of them instead of one each: late by up to 50 ms, and free for
 * calls that end in time.
 */
export class Deadlines {
  readonly #waiting = new Set<Waiting>()
  #timer: NodeJS.Timeout | undefined

  /** Settles as `work` does, or throws what `late` makes once `deadline` (epoch ms) is over; the work itself goes on to its end. */
  race<T>(work: Promise<T>, deadline: number, late: () => AppError): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { deadline, reject, late }
      this.#waiting.add(waiting)
      this.#timer ??= setInterval(() => this.#release(), tick).unref()
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

  #release(): void {
    const now = Date.now()
    for (const waiting of this.#waiting) {
      if (waiting.deadline > now) continue
      this.#waiting.delete(waiting)
      waiting.reject(waiting.late())
    }
    if (this.#waiting.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }
}

interface Waiting {
  readonly deadline: number
  readonly reject: (error: Error) => void
  readonly late: () => AppError
}
