import { type Context, deriveContext } from '@plaza/kernel/call'
import type { UserId } from '@plaza/kernel/contract'
import { toId, toUuid } from '@plaza/kernel/data'
import { type Check, type Kit, kernelOf } from '@plaza/kernel/service'
import { findErased } from './erasure-store.ts'
import type { Holder } from './holders.ts'

/** People that one look asks about: each is a question to every service. */
const atOnce = 20
/** Stays when a moderator goes: ids only, and what was done to others must stay accounted for. */
const meantToStay: ReadonlySet<string> = new Set(['moderation has a audit'])
const zero = '00000000-0000-0000-0000-000000000000'

/** Asks every service for what it holds of people who were erased: no record is as promised. */
export function erasedCheck({ db, call }: Kit, holders: readonly Holder[]): Check {
  return {
    promise: 'nothing is left of an erased person',
    look: async (after, context) => {
      const from = after === undefined ? zero : toUuid(after)
      const rows = await findErased.all(db, { after: from, limit: atOnce })
      const people = rows.map(row => toId('user', row.user_id))
      const left = await Promise.all(people.map(person => leftOf(person, context)))
      return {
        checked: people.length,
        breaches: people.flatMap((id, i) => (left[i] === '' ? [] : [{ id, detail: left[i]! }])),
        next: people.length === atOnce ? people.at(-1)! : null,
      }
    },
  }

  async function leftOf(person: UserId, context: Context): Promise<string> {
    const found = await Promise.all(holders.map(({ name }) => kindsIn(name, person, context)))
    return found.flat().join(', ')
  }

  /** `posts has a post`: of the first part that has any record. */
  async function kindsIn(service: string, person: UserId, context: Context): Promise<string[]> {
    for (let after: string | undefined; ; ) {
      const asked = { person, ...(after !== undefined && { after }) }
      const { records, next } = await call(kernelOf({ name: service })).$exportPerson(
        asked,
        deriveContext(context, {}),
      )
      const found = records.map(({ kind }) => `${service} has a ${kind}`)
      const kinds = [...new Set(found)].filter(each => !meantToStay.has(each))
      if (kinds.length > 0 || next === null) return kinds
      after = next
    }
  }
}
