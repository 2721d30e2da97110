import {
  Closed,
  command,
  errorCode,
  Nullable,
  query,
  type Static,
  Timestamp,
  Type,
} from '../contract/index.ts'
import { EventCursor, TickPoint } from './cursor.ts'

export const eventLogReplaced = errorCode(
  'event-log-replaced',
  'conflict',
  'The event log was replaced by one that shares no known past with this subscriber',
)
export const deadLetterNotFound = errorCode(
  'dead-letter-not-found',
  'not-found',
  'There is no such dead letter',
)

/** An event on its way to a subscriber. */
export const PulledEvent = Closed({
  position: Type.Integer(),
  id: Type.String(),
  type: Type.String(),
  stream: Type.String(),
  version: Type.Integer(),
  data: Type.Unknown(),
  /** Epoch milliseconds. */
  at: Type.Integer(),
})

export type PulledEvent = Static<typeof PulledEvent>

const PullInput = Closed({
  /** Where the subscriber is; left out: it begins, at `begin`. */
  cursor: Type.Optional(EventCursor),
  begin: Type.Optional(Type.Unsafe<'first' | 'now'>({ type: 'string', enum: ['first', 'now'] })),
  /** Types that are not wanted are passed over; all when left out. */
  types: Type.Optional(Type.Array(Type.String())),
  limit: Type.Integer({ minimum: 1, maximum: 5_000 }),
  /** Milliseconds to wait for news when there is none. */
  wait: Type.Integer({ minimum: 0, maximum: 20_000 }),
  /** Runs of the log the subscriber remembers and the last tick it saw in each: asked for when the cursor's own run is unknown. */
  remembered: Type.Optional(
    Type.Array(Closed({ branch: Type.String(), tick: Type.Integer() }), { maxItems: 1_000 }),
  ),
})

const Pulled = Closed({
  events: Type.Array(PulledEvent),
  /** In which batch the events lie: set `after` to an event's position to stand right after it. */
  batch: EventCursor,
  /** The place after all of these events. */
  cursor: EventCursor,
  /** Events between that place and the newest tick. */
  behind: Type.Integer(),
  /** The past was replaced: events after this tick may have been handled already. */
  wentBackTo: Nullable(Type.Integer()),
})

/** What is asked of a log to judge cursors in it. */
const LogStateView = Closed({
  /** The run that writes now. */
  branch: Type.String(),
  /** All runs, this one too. `last`: the last tick of each that is in this one's past; null: its own. */
  runs: Type.Array(Closed({ branch: Type.String(), last: Nullable(Type.Integer()) })),
  newest: TickPoint,
  /** The oldest tick of this era from which on it can be told what became of each event. */
  since: TickPoint,
})

export type LogStateView = Static<typeof LogStateView>

/** An event that could not be handled, or that waits behind one of its stream that could not. */
export const DeadLetter = Closed({
  id: Type.String(),
  service: Type.String(),
  subscription: Type.String(),
  producer: Type.String(),
  event: Type.String(),
  type: Type.String(),
  stream: Type.String(),
  version: Type.Integer(),
  data: Type.Unknown(),
  happenedAt: Timestamp,
  parkedAt: Timestamp,
  attempts: Type.Integer(),
  /** Null: it never failed, it waits for those before it. */
  error: Nullable(Type.String()),
})

export type DeadLetter = Static<typeof DeadLetter>

const LetterKey = Closed({ id: Type.String({ pattern: '^[0-9]{1,18}$' }) })
const Retried = Closed({
  handled: Type.Integer(),
  /** Letters of the stream that are still parked. */
  left: Type.Integer(),
  error: Nullable(Type.String()),
})

/** What every service answers about its events; never the edge's. */
export const eventOperations = {
  $pullEvents: query({
    access: 'internal',
    summary: 'The next events of this log, in order; waits for them.',
    input: PullInput,
    output: Pulled,
    fails: [eventLogReplaced],
    timeout: 80_000,
  }),
  $logState: query({
    access: 'internal',
    summary: 'How far this log is, and from where on it can be checked what became of its events.',
    input: Closed({}),
    output: LogStateView,
  }),
  $eventCursors: query({
    access: 'internal',
    summary: 'How far the shared subscriptions of this service are: the cursor of each share.',
    input: Closed({}),
    output: Type.Array(
      Closed({
        subscription: Type.String(),
        producer: Type.String(),
        cursor: EventCursor,
        movedAt: Timestamp,
      }),
    ),
  }),
  $deadLetters: query({
    access: 'internal',
    summary: 'What could not be handled, oldest first: the first after, or the last before a letter.',
    input: Closed({
      after: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
      before: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
      limit: Type.Integer({ minimum: 1, maximum: 100 }),
    }),
    /** `next`: where to go on in the same direction; null: there are no more. */
    output: Closed({ items: Type.Array(DeadLetter), next: Nullable(Type.String()) }),
  }),
  $retryDeadLetter: command({
    access: 'internal',
    summary:
      'Handles a dead letter again; where order holds, its stream’s letters one after the other, the oldest first.',
    input: LetterKey,
    output: Retried,
    fails: [deadLetterNotFound],
    timeout: 60_000,
  }),
  $dropDeadLetter: command({
    access: 'internal',
    summary: 'Gives a dead letter up; those that waited behind it are handled.',
    input: LetterKey,
    output: Retried,
    fails: [deadLetterNotFound],
    timeout: 60_000,
  }),
}
