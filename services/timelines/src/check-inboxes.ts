import type { Context } from '@plaza/kernel/call'
import type { PostId, UserId } from '@plaza/kernel/contract'
import { lowestIdAt } from '@plaza/kernel/data'
import type { Check, Kit } from '@plaza/kernel/service'
import { posts } from '@plaza/posts/contract'
import { postOf } from './entries.ts'
import type { Inbox } from './inbox.ts'
import type { Inboxes } from './inboxes.ts'
import { readEntries } from './read-ids.ts'
import { belowInAll } from './recent-ids.ts'

/** Inboxes that one look compares. */
const looksAt = 100
/** Of each so many entries. */
const entriesEach = 100
/** What is newer than this, in ms, may be on its way. */
const settledAfter = 10_000
/** Compared at the same time: it is nobody's hurry. */
const atOnce = 4

/** Inboxes in memory have what the database has, from where they begin. */
export function checkInboxes({ call }: Kit, inboxes: Inboxes): Check {
  // Who was found wrong is looked at again next time, and others by chance.
  let suspects = new Set<UserId>()
  return {
    promise: 'inboxes equal the exact SQL',
    needs: 'memory',
    look: async (_, context) => {
      const sample = sampleOf([...inboxes.kept()], suspects)
      const breaches: { id: UserId; detail: string }[] = []
      for (let i = 0; i < sample.length; i += atOnce) {
        const found = await Promise.all(
          sample.slice(i, i + atOnce).map(async ([id, inbox]) => {
            const detail = await differenceOf(call, inboxes, inbox, context)
            return detail === undefined ? [] : [{ id, detail }]
          }),
        )
        breaches.push(...found.flat())
      }
      suspects = new Set(breaches.map(breach => breach.id))
      return { checked: sample.length, breaches, next: null }
    },
  }
}

type Kept = readonly [UserId, Inbox]

function sampleOf(kept: readonly Kept[], suspects: ReadonlySet<UserId>): readonly Kept[] {
  const again = kept.filter(([id]) => suspects.has(id))
  const others = kept.filter(([id]) => !suspects.has(id))
  for (let i = 0; i < others.length && i < looksAt; i++) {
    const other = i + Math.floor(Math.random() * (others.length - i))
    const [one, another] = [others[i]!, others[other]!]
    others[i] = another
    others[other] = one
  }
  return [...again, ...others].slice(0, looksAt)
}

async function differenceOf(
  call: Kit['call'],
  inboxes: Inboxes,
  inbox: Inbox,
  context: Context,
): Promise<string | undefined> {
  const authors = inbox.followed.map(followed => followed.id)
  // Given up meanwhile.
  if (authors.length === 0) return undefined
  const lists = inboxes.listsOf(inbox)
  const held = belowInAll(lists, undefined, entriesEach)
  const floors = lists.map(list => list.floor)
  const exact = await readEntries(call, authors, context)({ limit: entriesEach })
  const from = [...floors, endOf(held), endOf(exact)].sort().at(-1)!
  const isSettled = (entry: PostId) => entry >= from && entry.slice(5) < lowestIdAt(Date.now() - settledAfter)
  const [had, has] = [new Set(held), new Set(exact)]
  const different = {
    missing: exact.filter(entry => isSettled(entry) && !had.has(entry)),
    surplus: held.filter(entry => isSettled(entry) && !has.has(entry)),
  }
  return describe(call, different, context)
}

/** What is not there any more is no difference: lists find out when they want to show it. */
async function describe(
  call: Kit['call'],
  { missing, surplus }: { readonly missing: readonly PostId[]; readonly surplus: readonly PostId[] },
  context: Context,
): Promise<string | undefined> {
  if (missing.length + surplus.length === 0) return undefined
  const ids = [...new Set([...missing, ...surplus].map(postOf))]
  const there = new Set((await call(posts).byIds({ ids }, context)).map(post => post.id))
  const isThere = (entry: PostId) => there.has(postOf(entry))
  const [lacks, keeps] = [missing.filter(isThere), surplus.filter(isThere)]
  if (lacks.length + keeps.length === 0) return undefined
  return `lacks ${lacks.length} (${lacks[0] ?? '–'}), has ${keeps.length} that the database has not (${keeps[0] ?? '–'})`
}

/** From here on a part of a list is complete. */
function endOf(entries: readonly PostId[]): string {
  return entries.length < entriesEach ? '' : entries.at(-1)!
}
