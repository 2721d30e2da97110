import { setTimeout as sleep } from 'node:timers/promises'
import type { ThrowawayServer } from '@plaza/testing/throwaway-server'
import pg from 'pg'
import type { Child } from './children.ts'

/** What goes wrong while it runs, and how often it did. */
export class Chaos {
  readonly counts = { kills: 0, freezes: 0, terminations: 0, subscriberKills: 0 }
  readonly #random: () => number
  #on = true
  /** While the server is down nobody can be level. */
  serverDownUntil = 0

  constructor(random: () => number) {
    this.#random = random
  }

  stop(): void {
    this.#on = false
  }

  /** Every 1.5–3 s one of the processes that write and tick is killed, stopped, or loses its connections. */
  async tortureHosts(hosts: readonly Child[], server: ThrowawayServer): Promise<void> {
    while (this.#on) {
      await sleep(this.#between(1_500, 3_000))
      const host = hosts[Math.floor(this.#random() * hosts.length)]!
      const dice = this.#random()
      if (!this.#on) return
      if (dice < 0.4) {
        this.counts.kills++
        await host.kill()
        host.start()
      } else if (dice < 0.7) {
        this.counts.freezes++
        host.freeze()
        await sleep(this.#between(500, 1_500))
        host.thaw()
      } else {
        this.counts.terminations++
        await server
          .query(
            `select pg_terminate_backend(pid) from pg_stat_activity where query ilike '%pg_current_snapshot%' and pid <> pg_backend_pid()`,
          )
          .catch(() => [])
      }
    }
  }

  /** Kills it 2–4 s after each start; `beforeKill` looks at it first. */
  async tortureSubscriber(subscriber: Child, beforeKill: () => void): Promise<void> {
    while (this.#on) {
      await sleep(this.#between(2_050, 4_000))
      beforeKill()
      this.counts.subscriberKills++
      await subscriber.kill()
      subscriber.start()
    }
  }

  /** Writes slowly in another database of the server: its transaction ids are the server's too. */
  async writeSlowlyElsewhere(url: string): Promise<void> {
    while (this.#on) {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      try {
        await client.connect()
        await client.query('create table if not exists slow (n int)')
        await client.query('begin')
        await client.query('insert into slow values (1)')
        for (const until = Date.now() + this.#between(5_000, 15_000); this.#on && Date.now() < until; )
          await sleep(100)
        await client.query('commit')
      } catch {
        await sleep(200)
      } finally {
        await client.end().catch(() => {})
      }
    }
  }

  async crash(server: ThrowawayServer): Promise<number> {
    const began = performance.now()
    this.serverDownUntil = Number.POSITIVE_INFINITY
    await server.crash()
    await server.start()
    this.serverDownUntil = performance.now()
    return this.serverDownUntil - began
  }

  #between(low: number, high: number): number {
    return low + this.#random() * (high - low)
  }
}
