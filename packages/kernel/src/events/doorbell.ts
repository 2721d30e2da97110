/** Wakes one sleeper; rung while nobody sleeps, the next sleep ends at once. */
export class Doorbell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Sleeps until it rings, `ms` at most. True: it rang. */
  async sleep(ms: number): Promise<boolean> {
    if (!this.#rung && ms > 0) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = undefined
    }
    const rang = this.#rung
    this.#rung = false
    return rang
  }
}
