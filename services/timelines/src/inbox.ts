import type { UserId } from '@plaza/kernel/contract'
import { RecentIds } from './recent-ids.ts'

const nobody: ReadonlySet<UserId> = new Set()

/** The newest posts and reposts of the people whom one active person follows, and their own. */
export class Inbox {
  readonly recent: RecentIds
  /** The people it is made of, its owner first. */
  followed: readonly Followed[] = []
  /** Whom its owner blocked, muted or was blocked by: what others repost of theirs is not shown. */
  hidden: ReadonlySet<UserId> = nobody
  /** Of the relations it was made of. */
  relationVersion: number
  /** Everything its owner wrote up to this version of their log is in it. */
  ownVersion: number

  constructor(capacity: number, relationVersion: number, ownVersion: number) {
    this.recent = new RecentIds(capacity)
    this.relationVersion = relationVersion
    this.ownVersion = ownVersion
  }
}

/** Somebody whom active people follow. */
export interface Followed {
  readonly id: UserId
  readonly inboxes: Set<Inbox>
  /** Their own among those: one, or two while it is made again. */
  own: readonly Inbox[]
  /** What they posted since too many active people follow them to tell each: merged at read. */
  ring: RecentIds | undefined
}
