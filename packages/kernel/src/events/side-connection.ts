import type { Db, Tx } from '../data/index.ts'
import { connectToLog, type LogConnection } from './log-connection.ts'

const idleFor = 30_000
// To find where a batch of a hundred million events begins takes that long.
const longestStatement = 60_000
const silenceAllowed = longestStatement + 5_000

/** A second connection for what takes long, made when it is needed and ended when it was not for half a minute. */
export class SideConnection {
  readonly #db: Db
  #connecting: Promise<LogConnection> | undefined
  #using = 0
  #timer: NodeJS.Timeout | undefined

  constructor(db: Db) {
    this.#db = db
  }

  async use<T>(work: (on: Tx) => Promise<T>): Promise<T> {
    clearTimeout(this.#timer)
    this.#using++
    try {
      const connection = await this.#connection()
      if (connection.silentFor() > silenceAllowed) connection.destroy()
      return await work(connection.on)
    } finally {
      if (--this.#using === 0) this.#timer = setTimeout(() => void this.close(), idleFor).unref()
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    const connecting = this.#connecting
    this.#connecting = undefined
    await connecting?.then(connection => connection[Symbol.asyncDispose]()).catch(() => {})
  }

  #connection(): Promise<LogConnection> {
    if (this.#connecting === undefined) {
      const connecting = connectToLog(this.#db, { statement_timeout: `${longestStatement}ms` })
      this.#connecting = connecting
      const forget = () => {
        if (this.#connecting === connecting) this.#connecting = undefined
      }
      connecting.then(connection => connection.lost.then(forget), forget)
    }
    return this.#connecting
  }
}
