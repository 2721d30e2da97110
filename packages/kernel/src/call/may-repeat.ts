import type { Operation } from '../contract/index.ts'
import type { Context } from './context.ts'

/** Whether the contract allows this call to be made again after an unknown outcome. */
export function mayRepeat(operation: Operation, context: Context): boolean {
  if (operation.kind === 'query' || operation.repeat === 'safe') return true
  return operation.repeat !== 'never' && context.idempotency !== undefined
}
