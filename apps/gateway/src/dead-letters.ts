import type { Context } from '@plaza/kernel/call'
import { invalidCursor, isAppError, type PageOf } from '@plaza/kernel/contract'
import { deadLetterNotFound } from '@plaza/kernel/events'
import { type Host, kernelOf } from '@plaza/kernel/service'
import type { DeadLetter } from './contract.ts'

const usualLimit = 20

/** One list over the dead letters of all services: service by service, each oldest first. */
export function listDeadLetters(host: Pick<Host, 'contracts' | 'call'>, own: string) {
  return async (
    { limit = usualLimit, cursor }: { limit?: number; cursor?: string },
    context: Context,
  ): Promise<PageOf<DeadLetter>> => {
    const names = servicesOf(host, own)
    const start = cursor === undefined ? { service: names[0]!, after: undefined } : placeOf(cursor, names)
    const items: DeadLetter[] = []
    let { after } = start
    for (const name of names.slice(names.indexOf(start.service))) {
      const room = limit - items.length
      const page = await host
        .call(kernelOf({ name }))
        .$deadLetters({ limit: room, ...(after !== undefined && { after }) }, context)
        .catch(error => withoutIt(error, context))
      items.push(...page.items.map(each => ({ ...each, id: `${name}.${each.id}` })))
      const isLast = name === names.at(-1) && page.next === null
      if (items.length >= limit && !isLast) {
        const at = page.next ?? page.items.at(-1)?.id ?? ''
        return { items, nextCursor: `${name}.${at}`, prevCursor: null }
      }
      after = undefined
    }
    return { items, nextCursor: null, prevCursor: null }
  }
}

/** A service that is down is left out, and the answer says that something is missing. */
function withoutIt(error: unknown, context: Context): { readonly items: []; readonly next: null } {
  if (!isAppError(error) || error.category !== 'unavailable') throw error
  context.answer.degraded = true
  return { items: [], next: null }
}

/** Handles a dead letter again, in the service that parked it. */
export function retryDeadLetter(host: Pick<Host, 'contracts' | 'call'>, own: string) {
  return ({ id }: { id: string }, context: Context) => {
    const { service, number } = letterOf(id, servicesOf(host, own))
    return host.call(kernelOf({ name: service })).$retryDeadLetter({ id: number }, context)
  }
}

/** Gives a dead letter up. */
export function dropDeadLetter(host: Pick<Host, 'contracts' | 'call'>, own: string) {
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

function placeOf(cursor: string, services: readonly string[]) {
  const [, service = '', after = ''] = /^([a-z-]+)\.(\d{1,18})$/.exec(cursor) ?? []
  if (!services.includes(service)) throw invalidCursor('This cursor is not one of this list.')
  return { service, after }
}
