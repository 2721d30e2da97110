import { toUuid, type Uuid } from '@plaza/kernel/data'

/** How large the world is. */
export interface WorldSize {
  readonly people: number
  readonly posts: number
}

const meanFollows = 30
const mostFollows = 1_000
/** Pareto's exponent and lowest value: their mean, cut off at the most, is the mean above. */
const exponent = 1.5
const lowest = meanFollows * 0.35

/**
 * Whom somebody follows, by rank: rank 0 is followed by everybody. How many follows a Pareto distribution, and whom falls with the cube
 * root of the rank: of 100,000 people the second has 17,000 followers, the median one 16.
 */
export function followeesOf(rank: number, people: number, random: () => number): readonly number[] {
  const wanted = Math.floor(lowest / (1 - random()) ** (1 / exponent))
  const count = Math.min(wanted, mostFollows, Math.floor(people / 4))
  const chosen = new Set(rank === 0 ? [] : [0])
  while (chosen.size < count) {
    const other = 1 + Math.floor((people - 1) * random() ** 3)
    if (other !== rank) chosen.add(other)
  }
  return [...chosen]
}

/** Who writes a post: the first of 100,000 people writes 3,000 of a million, the median one 7. */
export const authorOf = (people: number, random: () => number) => Math.floor(people * random() ** 2)

/** A UUIDv7 as Plaza makes them (time, counter, shard, random bits), of any time. */
export function uuidAt(time: number, shard: number, random: () => number): Uuid {
  const at = Math.floor(time).toString(16).padStart(12, '0')
  const counter = hex(random, 3)
  const place = (0x8000 | (shard << 4) | Math.floor(random() * 16)).toString(16)
  return `${at.slice(0, 8)}-${at.slice(8)}-7${counter}-${place}-${hex(random, 6)}${hex(random, 6)}`
}

const hex = (random: () => number, digits: number) =>
  Math.floor(random() * 16 ** digits)
    .toString(16)
    .padStart(digits, '0')

const words = 'market bicycles bread linen garden music books winter coast repair'.split(' ')

/** About as long as the posts of Reed98; one in ten has a tag. */
export function textOf(n: number): { readonly text: string; readonly tag: string | null } {
  const tag = n % 10 === 0 ? words[(n / 10) % words.length]! : null
  const text = `Number ${n}: bread, bicycles and a blue linen shirt at the market today. ${'Come and see what is left before noon. '.repeat(2)}`
  return { text: tag === null ? text.trim() : `${text}#${tag}`, tag }
}

export interface WorldPerson {
  readonly uuid: Uuid
  readonly username: string
  readonly createdAt: Date
  readonly shard: number
}

const year = 365 * 86_400_000

/** Everybody by rank: those who have accounts at random ranks, the first of them at rank 0; the others are made up. */
export function rankPeople(
  accounts: readonly { readonly id: string; readonly username: string }[],
  { people }: WorldSize,
  now: number,
  random: () => number,
): readonly WorldPerson[] {
  const byRank: WorldPerson[] = Array.from({ length: people }, (_, rank) => {
    const shard = Math.floor(random() * 1024)
    const createdAt = new Date(now - year + (rank * year) / (2 * people))
    return { uuid: uuidAt(createdAt.getTime(), shard, random), username: `crowd_${rank}`, createdAt, shard }
  })
  const taken = new Set<number>()
  for (const { id, username } of accounts) {
    let rank = 0
    while (taken.has(rank)) rank = 1 + Math.floor(random() * (people - 1))
    taken.add(rank)
    const uuid = toUuid(id)
    byRank[rank] = { uuid, username, createdAt: new Date(now), shard: shardOfUuid(uuid) }
  }
  return byRank
}

const shardOfUuid = (uuid: Uuid) => (Number.parseInt(uuid.slice(19, 23), 16) >> 4) & 0x3ff
