import { analytics, analyticsRefused } from './suite/analytics.ts'
import { badBodies } from './suite/bad-bodies.ts'
import { badTokens } from './suite/bad-tokens.ts'
import { comments } from './suite/comments.ts'
import { conventions } from './suite/conventions.ts'
import { discovery } from './suite/discovery.ts'
import { etags } from './suite/etags.ts'
import { idempotency } from './suite/idempotency.ts'
import { longTimelines } from './suite/long-timelines.ts'
import { moderation } from './suite/moderation.ts'
import { operations } from './suite/operations.ts'
import { pages } from './suite/pages.ts'
import { posts, visibility } from './suite/posts.ts'
import { profiles } from './suite/profiles.ts'
import { reactions } from './suite/reactions.ts'
import { registration } from './suite/registration.ts'
import { relations } from './suite/relations.ts'
import { rights } from './suite/rights.ts'
import { lastAdmin, roles } from './suite/roles.ts'
import { sessions } from './suite/sessions.ts'
import { strangers } from './suite/strangers.ts'
import { timelines } from './suite/timelines.ts'
import type { Cases } from './suite.ts'

/** The whole acceptance suite. Subjects run one after the other, in this order. */
export const subjects: Readonly<Record<string, Cases>> = {
  registration,
  sessions,
  profiles,
  relations,
  roles,
  'the last admin': lastAdmin,
  posts,
  visibility,
  comments,
  'likes and reposts': reactions,
  timelines,
  'long timelines': longTimelines,
  'trending and search': discovery,
  moderation,
  'export and erasure': rights,
  analytics,
  'analytics refused': analyticsRefused,
  pages,
  'idempotency keys': idempotency,
  'ETags and If-Match': etags,
  conventions,
  'bad bodies and addresses': badBodies,
  'bad tokens': badTokens,
  strangers,
  operations,
}
