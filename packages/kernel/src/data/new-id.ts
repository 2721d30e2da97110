import { randomFillSync } from 'node:crypto'
import { type IdKind, toId, toUuid, type Uuid } from './typeid.ts'

export const shardCount = 1024

const random = new Uint8Array(8 * 512)
let used = random.length
let lastTime = 0
let counter = 0

/**
 * A UUIDv7 (RFC 9562) made here, never by SQL: 48 bits of time in ms, a 12-bit counter that keeps the order of one process'
 * ids of one millisecond, 10 bits of logical shard (0–1023), 52 random bits. Never goes backwards when the clock does.
 */
export function newUuid(shard: number, now = Date.now()): Uuid {
  if (now > lastTime) {
    lastTime = now
    counter = 0
  } else if (++counter > 0xfff) {
    lastTime++
    counter = 0
  }
  if (used + 8 > random.length) {
    randomFillSync(random)
    used = 0
  }
  const r = used
  used += 8
  const time = lastTime.toString(16).padStart(12, '0')
  const shardBits = 0x8000 | (shard << 4) | (random[r]! & 0xf)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${shardBits.toString(16)}-${hex6(r + 1)}`
}

/** A new id in the given shard. What is sharded by a person or a post takes the shard of that one: `shardOf(authorId)`. */
export function newId<K extends IdKind>(kind: K, shard: number): `${K}_${string}` {
  return toId(kind, newUuid(shard))
}

/** The shard a new person, or anything that belongs to nobody, is put in. */
export function randomShard(): number {
  return Math.floor(Math.random() * shardCount)
}

/** The logical shard (0–1023) that an id names. */
export function shardOf(id: string): number {
  return (Number.parseInt(toUuid(id).slice(19, 23), 16) >> 4) & 0x3ff
}

/** When an id was made: ms since 1970. */
export function timeOf(id: string): number {
  const uuid = toUuid(id)
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)
}

/** The 26 letters of the lowest id of any kind that could have been made at this time (ms since 1970). */
export function lowestIdAt(time: number): string {
  const hex = time.toString(16).padStart(12, '0')
  return toId('post', `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`).slice(-26)
}

function hex6(at: number): string {
  let text = ''
  for (let i = 0; i < 6; i++) text += random[at + i]!.toString(16).padStart(2, '0')
  return text
}
