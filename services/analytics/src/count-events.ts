import { auth } from '@plaza/auth/contract'
import type { UserId } from '@plaza/kernel/contract'
import { type Tx, toUuid } from '@plaza/kernel/data'
import { sharedInBatches } from '@plaza/kernel/events'
import { posts } from '@plaza/posts/contract'
import { users } from '@plaza/users/contract'
import { dayOf } from './day.ts'
import { addToDays } from './day-store.ts'

interface Happening {
  readonly what: 'registrations' | 'posts' | 'comments' | 'likes' | 'reposts' | 'follows'
  readonly who: UserId
  readonly at: Date
}

/** Twice a second is enough for a day's count, and then a transaction counts all that came. */
const pace = 400

/** Counts each event once: in the transaction that moves its subscription's cursor. */
export function countEvents() {
  return [
    sharedInBatches(
      'registrations',
      auth,
      ['registered'],
      (events, tx) =>
        count(
          tx,
          events.map(({ data, at }) => ({ what: 'registrations', who: data.userId, at })),
        ),
      { pace },
    ),
    sharedInBatches(
      'posts',
      posts,
      ['posted', 'liked', 'reposted'],
      (events, tx) =>
        count(
          tx,
          events.map(({ type, data, at }): Happening => {
            if ('userId' in data)
              return { what: type === 'liked' ? 'likes' : 'reposts', who: data.userId, at }
            return { what: data.replyTo === undefined ? 'posts' : 'comments', who: data.authorId, at }
          }),
        ),
      { pace },
    ),
    sharedInBatches(
      'follows',
      users,
      ['followed'],
      (events, tx) =>
        count(
          tx,
          events.map(({ data, at }) => ({ what: 'follows', who: data.followerId, at })),
        ),
      { pace },
    ),
  ]
}

async function count(tx: Tx, happenings: readonly Happening[]): Promise<void> {
  const counts = new Map<string, { day: string; what: string; count: number }>()
  const active = new Map<string, { day: string; who: UserId }>()
  for (const { what, who, at } of happenings) {
    const day = dayOf(at)
    const known = counts.get(`${day} ${what}`)
    if (known === undefined) counts.set(`${day} ${what}`, { day, what, count: 1 })
    else known.count++
    active.set(`${day} ${who}`, { day, who })
  }
  const [sums, people] = [[...counts.values()], [...active.values()]]
  await addToDays.run(tx, {
    days: sums.map(each => each.day),
    whats: sums.map(each => each.what),
    counts: sums.map(each => each.count),
    activeDays: people.map(each => each.day),
    people: people.map(each => toUuid(each.who)),
  })
}
