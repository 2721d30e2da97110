import type { MadeAdmin } from '../banner.ts'

/** What a process of a fleet tells its supervisor, over the channel between them: never over the log. */
export type FleetMessage = { readonly kind: 'ready' } | { readonly kind: 'admin'; readonly admin: MadeAdmin }

export interface SupervisorLink {
  tell(message: FleetMessage): void
  /** Lets the process end. */
  untie(): void
}

/**
 * In a process that a supervisor started: calls `orphaned` when the supervisor is gone, however it ended, so that nothing is left
 * running. Undefined in any other.
 */
export function linkToSupervisor(orphaned: () => void): SupervisorLink | undefined {
  const send = process.send?.bind(process)
  if (send === undefined || !process.connected) return undefined
  process.once('disconnect', orphaned)
  // The log goes through the supervisor too: without it, there is nowhere to write, and that is no reason to fall over.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return {
    tell: message => {
      if (process.connected) send(message, undefined, {}, () => {})
    },
    untie: () => {
      process.off('disconnect', orphaned)
      if (process.connected) process.disconnect?.()
    },
  }
}

/** Whether a process sent this over the channel. */
export function isFleetMessage(message: unknown): message is FleetMessage {
  const kind = (message as { kind?: unknown } | null)?.kind
  return kind === 'ready' || kind === 'admin'
}
