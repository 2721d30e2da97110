import type { Context } from '@plaza/kernel/call'
import { invalidCursor, isAppError, type PageOf } from '@plaza/kernel/contract'
import { deadLetterNotFound } from '@plaza/kernel/events'
import { type Host, kernelOf } from '@plaza/kernel/service'
import type { DeadLetter } from './contract.ts'

const usualLimit = 20
/** What `$deadLetters` gives at once. */
const mostAtOnce = 100
/** A number that no letter reaches. */
const beyondAll = '9'.repeat(18)

type Services = Pick<Host, 'contracts' | 'call'>

/** Where a page begins: after a letter, or before one. */
interface Place {
  readonly service: string
  readonly number: string
  readonly isBack: boolean
}

/** One list over the dead letters of all services: service by service, each oldest first. */
export function listDeadLetters(host: Services, own: string) {
  return async (
    { limit = usualLimit, cursor }: { limit?: number; cursor?: string },
    context: Context,
  ): Promise<PageOf<DeadLetter>> => {
    const names = servicesOf(host, own)
    const place = cursor === undefined ? undefined : placeOf(cursor, names)
    const { items, hasMore } = await walk(host, names, place, limit, context)
    const [first, last] = [items[0]?.id, items.at(-1)?.id]
    if (place?.isBack)
      return {
        items,
        nextCursor: last ?? beside(place, -1),
        prevCursor: hasMore && first ? `~${first}` : null,
      }
    const prevCursor = place && `~${first ?? beside(place, 1)}`
    return { items, nextCursor: hasMore && last ? last : null, prevCursor: prevCursor ?? null }
  }
}

/** The letters from `place` on, in its direction, service after service; in the order of the list. */
async function walk(
  host: Services,
  names: readonly string[],
  place: Place | undefined,
  limit: number,
  context: Context,
): Promise<{ readonly items: DeadLetter[]; readonly hasMore: boolean }> {
  const isBack = place?.isBack ?? false
  const inOrder = isBack ? names.toReversed() : names
  const found: DeadLetter[] = []
  const seen = () => (isBack ? found.slice(0, limit).reverse() : found.slice(0, limit))
  for (const name of inOrder.slice(place === undefined ? 0 : inOrder.indexOf(place.service))) {
    const number = name === place?.service ? place.number : isBack ? beyondAll : '0'
    // One more than wanted tells whether there are more, in whichever service.
    const page = await host
      .call(kernelOf({ name }))
      .$deadLetters(
        { limit: Math.min(mostAtOnce, limit + 1 - found.length), [isBack ? 'before' : 'after']: number },
        context,
      )
      .catch(error => withoutIt(error, context))
    const items = page.items.map(each => ({ ...each, id: `${name}.${each.id}` }))
    found.push(...(isBack ? items.reverse() : items))
    if (found.length > limit || page.next !== null) return { items: seen(), hasMore: true }
  }
  return { items: seen(), hasMore: false }
}

/** The cursor that stands just beside a place at which nothing was found, so that its own letter is not passed over. */
const beside = ({ service, number }: Place, step: number) =>
  `${service}.${Math.max(0, Number(BigInt(number) + BigInt(step)))}`

/** A service that is down is left out, and the answer says that something is missing. */
function withoutIt(error: unknown, context: Context): { readonly items: []; readonly next: null } {
  if (!isAppError(error) || error.category !== 'unavailable') throw error
  context.answer.degraded = true
  return { items: [], next: null }
}

/** Handles a dead letter again, in the service that parked it. */
export function retryDeadLetter(host: Services, own: string) {
  return ({ id }: { id: string }, context: Context) => {
    const { service, number } = letterOf(id, servicesOf(host, own))
    return host.call(kernelOf({ name: service })).$retryDeadLetter({ id: number }, context)
  }
}

/** Gives a dead letter up. */
export function dropDeadLetter(host: Services, own: string) {
  return async ({ id }: { id: string }, context: Context) => {
    const { service, number } = letterOf(id, servicesOf(host, own))
    await host.call(kernelOf({ name: service })).$dropDeadLetter({ id: number }, context)
    return null
  }
}

function servicesOf(host: Pick<Host, 'contracts'>, own: string): string[] {
  return host.contracts.map(each => each.name).filter(name => name !== own)
}

function letterOf(id: string, services: readonly string[]) {
  const [service = '', number = ''] = id.split('.')
  if (!services.includes(service)) throw deadLetterNotFound(`There is no dead letter ${id}.`)
  return { service, number }
}

function placeOf(cursor: string, services: readonly string[]): Place {
  const [, back, service = '', number = ''] = /^(~)?([a-z-]+)\.(\d{1,18})$/.exec(cursor) ?? []
  if (!services.includes(service)) throw invalidCursor('This cursor is not one of this list.')
  return { service, number, isBack: back !== undefined }
}
