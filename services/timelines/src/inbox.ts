import type { UserId } from '@plaza/kernel/contract'
import { RecentIds } from './recent-ids.ts'

/** The newest posts of the people whom one active person follows, and their own. */
export class Inbox {
  readonly recent: RecentIds
  /** The people it is made of. */
  followed: readonly Followed[] = []
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
  /** What they posted since too many active people follow them to tell each: merged at read. */
  ring: RecentIds | undefined
}
