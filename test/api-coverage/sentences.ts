/** A piece of API.md's *Conventions* and what proves it. */
export interface Sentence {
  readonly says: string
  /** Tests of the acceptance suite, by name. */
  readonly tests?: readonly string[]
  /** Files of tests that prove what cannot be seen over HTTP, or only in a Plaza that is configured for it. */
  readonly files?: readonly string[]
  readonly later?: string
}

const http = 'packages/kernel/test/http'

/** All of *Conventions*, in its order: joined, these pieces are its text, so that no sentence can be left out. */
export const sentences: readonly Sentence[] = [
  {
    says: 'JSON over HTTP, `/api/v1/…` (left out below), resources in the plural.',
    tests: ['the OpenAPI document names every operation once, with who may call it'],
  },
  {
    says: 'Ids are TypeIDs: `user_` `post_` `media_` `notif_` `report_` `job_` `prod_` `var_` `cart_` `order_` `pay_` `refund_` `event_`.',
    tests: ['ids are TypeIDs that grow with time', 'an id of the wrong kind is 400 and says which is wanted'],
  },
  {
    says: 'Times are RFC 3339 in UTC.',
    tests: ['a post has all that is promised, and is read back as it was answered'],
  },
  { says: 'Money is `{ "amount": 1999, "currency": "EUR" }`, minor units.', later: 'with the shop' },
  {
    says: '`Authorization: Bearer <access token>`: JWT (ES256 or EdDSA, 15 minutes, `/.well-known/jwks.json`).',
    tests: [
      'the access token is an ES256 or EdDSA JWT of 15 minutes with a published key',
      'an expired token is 401 and does nothing',
      'alg: none is 401 and does nothing',
      'other schemes than Bearer are nobody',
    ],
  },
  {
    says: 'Log-out, token reuse, suspension and role changes hold everywhere within 1 s.',
    tests: [
      'logging out ends this session within a second, and no other',
      'an old refresh token used again revokes the whole family, within a second everywhere',
      'a suspended person is out within a second, everywhere, and cannot come back in',
      'an admin gives roles: they hold for the token in hand within a second',
    ],
  },
  {
    says: 'Lists: `?limit=` (default 20, 1 to 100, else 400), `?cursor=` → `{ "items": […], "nextCursor": "…"|null, "prevCursor": "…"|null }` and a `Link` header;',
    tests: [
      'a list has 20 items unless another limit is asked for, and at most 100',
      'a limit that is none from 1 to 100 is 400',
      'every list is items and two cursors',
      'the Link header leads through a list and back',
    ],
  },
  {
    says: '`prevCursor` gives what is newer.',
    tests: [
      'prevCursor gives what is newer, and nothing twice',
      'catching up page by page by prevCursor gives all that came, each once',
    ],
  },
  {
    says: 'Filters `?price[gte]=…`; sort `?sort=-createdAt`.',
    files: [`${http}/answers.test.ts`],
    later: 'lists that filter and sort come with the shop',
  },
  {
    says: 'An unknown parameter is 400.',
    tests: [
      'a parameter that a list does not know is 400 and named',
      'an operation without parameters takes none',
    ],
  },
  {
    says: 'Errors: RFC 9457 `application/problem+json`: `type`, `title`, `status`, `detail`, `code`, `requestId`, and for bad input `errors: [{ "pointer": "/password", "detail": "…" }]`.',
    tests: [
      'a problem has type, title, status, detail, code and requestId',
      'each wrong field of a registration is named, and nobody is registered',
      'all that is wrong is told at once',
    ],
  },
  {
    // Every problem the suite meets is searched for them.
    says: 'Never a stack trace or SQL.',
    tests: [
      'strange characters in addresses are refused or read as text, never more',
      'what is nested very deep is refused without harm',
    ],
  },
  { says: '400 invalid ·', tests: ['a body that is not JSON is 400 and posts nothing'] },
  { says: '401 ·', tests: ['every operation that wants a token is 401 without one'] },
  {
    says: '403 one may see it but not change it ·',
    tests: ['editing somebody else’s post is 403 and changes nothing'],
  },
  {
    says: '404 not there, or not for your eyes ·',
    tests: [
      'there is no post with an id of nothing',
      'what is for followers is for followers and the author alone',
    ],
  },
  {
    says: "409 the resource's state forbids it (ship an unpaid order) or the name is taken ·",
    tests: [
      'neither side of a block can follow the other, and an unblock brings no follow back',
      'a taken username is 409, in whatever case, and changes nothing',
    ],
  },
  {
    says: '412 stale ·',
    tests: ['If-Match lets an edit through while nobody else edited, and is 412 afterwards'],
  },
  { says: '413 ·', tests: ['a body over 1 MiB is 413, one just below is judged by what is in it'] },
  { says: '415 ·', tests: ['another media type than JSON is 415'] },
  {
    says: '422 the request contradicts a rule whatever the state (follow yourself; key reused with another body) ·',
    tests: [
      'following, blocking or muting yourself is 422 and changes nothing',
      'the same key with another body is 422 and posts nothing',
    ],
  },
  {
    says: '429 with `Retry-After` ·',
    tests: ['guessing at an account is slowed down, and its owner is not locked out'],
    files: ['test/acceptance/configured.heavy.test.ts'],
  },
  { says: '503 with `Retry-After` ·', files: ['test/acceptance/configured.heavy.test.ts'] },
  {
    says: '504 the outcome is unknown; says how to ask again.',
    files: [
      'packages/kernel/src/service/local-dispatcher.test.ts',
      'packages/kernel/src/data/coalescing/failures.test.ts',
    ],
  },
  {
    says: '`Idempotency-Key` on any POST',
    tests: [
      'every POST takes a key: log-in gives the same tokens again',
      'becoming a seller and logging out may be repeated with a key',
    ],
  },
  {
    says: '(required for `POST /orders` and `/refund`, missing: 400):',
    files: [`${http}/bad-input.test.ts`],
    later: 'the operations come with the shop',
  },
  {
    says: 'the same key and body gives the first answer (`Idempotency-Replayed: true`) for 24 h;',
    tests: [
      'the same key and body gives the first answer, and one post',
      'the first answer is given again even after the post was edited or deleted',
    ],
    files: ['packages/kernel/src/data/idempotency/once.test.ts'],
  },
  {
    says: 'a second request while the first runs waits for it and gets its answer (409 `still-running` with `Retry-After` only when its own deadline ends first);',
    tests: ['ten at the same moment with one key have one effect and one answer'],
    files: ['packages/kernel/src/data/idempotency/once.test.ts'],
  },
  {
    says: 'the same key with another body is 422.',
    tests: [
      'the same key with another body is 422 and posts nothing',
      'two at the same moment with one key and other bodies: one is done, one is 422',
    ],
  },
  {
    says: 'Scope: person (or cart token) and operation.',
    tests: ['a key is the person’s own: two people may use one', 'a key is one operation’s own'],
  },
  {
    says: '`RateLimit` and `RateLimit-Policy` headers (IETF draft).',
    tests: ['answers say what is left of the quota, and for whom'],
  },
  {
    says: 'Bodies over 1 MiB are 413;',
    tests: ['a body over 1 MiB is 413, one just below is judged by what is in it'],
  },
  {
    says: '`/media`, `/uploads` and `/products/import` stream, with limits of their own.',
    later: 'with media and the shop',
  },
  {
    says: '`ETag` on single resources, `If-None-Match` → 304;',
    tests: ['a single resource that did not change is 304'],
  },
  {
    says: '`If-Match` on PATCH/PUT → 412 when somebody edited meanwhile (counters do not count).',
    tests: [
      'If-Match lets an edit through while nobody else edited, and is 412 afterwards',
      'the same goes for the own profile',
      'counters do not count: an If-Match of before a follow still holds',
    ],
  },
  {
    says: 'Every answer has `X-Request-Id`;',
    tests: ['every answer names its request; an id that was sent comes back'],
  },
  {
    says: '`traceparent` is honoured.',
    tests: ['a traceparent is taken, a malformed one is passed over'],
    files: [`${http}/answers.test.ts`],
  },
  {
    says: '`DELETE` answers 204 unless said otherwise.',
    tests: [
      'a deleted post is gone at once, from every list, and deleting it again is the same as once',
      'doing it twice is the same as once, undoing too, and counts say so',
    ],
  },
  {
    says: 'Own writes, single resources (price and stock too) and relations (follow, block, mute) are exact at once.',
    tests: [
      'own writes are exact at once, each of many',
      'my own post is in my home at once, each time',
      'unfollowing hides at once, and following again shows at once',
      'a block hides both from each other in every timeline at once',
      'a mute hides in home at once and nowhere else it matters; unmuting shows at once',
      'a like shows at once wherever I see the post, and its count within a second; twice is once',
      'a comment is a post with replyTo, read back at once, by either of the two ways to write it',
    ],
  },
  {
    says: "Counts, others' new posts in timelines and tags, notifications, product lists, search, trending and moderation may lag by up to 1 s.",
    tests: [
      'the count of posts follows what is written and deleted within a second',
      'others’ new posts, edits and deletions show in home within a second',
      'a tag that an edit took away or brought is left or entered within a second',
      'likes of many at the same moment are all counted, each once',
      'a post is found by its words within a second, by its new ones after an edit, and not after deletion',
      'what many different people like trends above what one person pushes',
      'what is hidden vanishes everywhere within a second',
    ],
  },
]
