import type { Context } from '../call/index.ts'
import { forbidden, type Operation, routeNotFound, unauthenticated } from '../contract/index.ts'
import { isPermitted } from '../security/index.ts'

/** Throws unless the operation's `access` lets this caller in. Who owns what is the handler's to check. */
export function assertAccess(operation: Operation, context: Context): void {
  const { access } = operation
  if (context.caller === 'edge' && context.identity?.erasing && access !== 'token') {
    throw unauthenticated('This account is being erased: its token reads the job that does it, and no more.')
  }
  if (access === 'public') return
  if (access === 'internal') {
    if (context.caller === 'edge') throw routeNotFound('There is nothing here.')
    return
  }
  if (context.identity === undefined) {
    throw unauthenticated('Send a valid access token: Authorization: Bearer <token>.')
  }
  if (access !== 'user' && access !== 'token' && !isPermitted(context.identity.roles, access)) {
    throw forbidden(`This needs the permission ${access}, which none of your roles gives.`)
  }
}
