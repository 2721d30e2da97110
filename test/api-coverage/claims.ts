/** What becomes of one operation of a row. */
export interface Claim {
  /** `POST /posts`; without `/api/v1`, as API.md writes it. */
  readonly operation: string
  /** Which issue brings it; without one it is claimed to be there. */
  readonly later?: string
  /** Why the suite, which knows HTTP alone, sees it only refuse; who sees it answer. */
  readonly refusedOnly?: string
}

const now = (...operations: string[]): Claim[] => operations.map(operation => ({ operation }))
const later = (reason: string, ...operations: string[]): Claim[] =>
  operations.map(operation => ({ operation, later: reason }))

const refusedOnly = (reason: string, ...operations: string[]): Claim[] =>
  operations.map(operation => ({ operation, refusedOnly: reason }))

const mail = 'with e-mail'
const media = 'with media'
const live = 'with notifications and live delivery'
const shop = 'with the shop'
const ops = 'with the operators’ console'

/**
 * Every row of API.md, by the text of its first cell, and the operations it promises. A row of the document that is missing here, and
 * one here that the document no longer has, are failures: the two cannot drift apart.
 */
export const rows: Readonly<Record<string, readonly Claim[]>> = {
  '`POST /auth/register`': now('POST /auth/register'),
  '`POST /auth/login`': now('POST /auth/login'),
  '`POST /auth/refresh`': now('POST /auth/refresh'),
  '`POST /auth/logout`': now('POST /auth/logout'),
  '`POST /auth/verify-email` `{ token }` · `/auth/forgot-password` `{ email }` (202 always) · `/auth/reset-password` `{ token, password }`':
    later(mail, 'POST /auth/verify-email', 'POST /auth/forgot-password', 'POST /auth/reset-password'),
  '`GET /users/me` · `PATCH`': now('GET /users/me', 'PATCH /users/me'),
  '`GET /users/{id}` · `GET /users?username=ana`': now('GET /users/{id}', 'GET /users'),
  '`PUT` · `DELETE /users/{id}/follow` · `/block` · `/mute`': now(
    'PUT /users/{id}/follow',
    'DELETE /users/{id}/follow',
    'PUT /users/{id}/block',
    'DELETE /users/{id}/block',
    'PUT /users/{id}/mute',
    'DELETE /users/{id}/mute',
  ),
  '`GET /users/{id}/followers` · `/following` · `/posts` (`?replies=true`)': now(
    'GET /users/{id}/followers',
    'GET /users/{id}/following',
    'GET /users/{id}/posts',
  ),
  '`POST /users/me/seller`': now('POST /users/me/seller'),
  '`PUT /users/{id}/roles` · `PUT` · `DELETE /users/{id}/suspension`': now(
    'PUT /users/{id}/roles',
    'PUT /users/{id}/suspension',
    'DELETE /users/{id}/suspension',
  ),
  '`POST /users/me/export` → 202 `{ jobId }` · `DELETE /users/me` → 202 `{ jobId }`': now(
    'POST /users/me/export',
    'DELETE /users/me',
  ),
  '`GET /jobs/{id}`': now('GET /jobs/{id}'),

  '`POST /posts`': now('POST /posts'),
  '`GET /posts/{id}` · `PATCH` `{ text }` · `DELETE` · `GET /posts/{id}/edits`': now(
    'GET /posts/{id}',
    'PATCH /posts/{id}',
    'DELETE /posts/{id}',
    'GET /posts/{id}/edits',
  ),
  '`POST` · `GET /posts/{id}/comments` · `GET /posts/{id}/thread`': now(
    'POST /posts/{id}/comments',
    'GET /posts/{id}/comments',
    'GET /posts/{id}/thread',
  ),
  '`PUT` · `DELETE /posts/{id}/like` · `/repost` · `GET /posts/{id}/likes`': now(
    'PUT /posts/{id}/like',
    'DELETE /posts/{id}/like',
    'PUT /posts/{id}/repost',
    'DELETE /posts/{id}/repost',
    'GET /posts/{id}/likes',
  ),
  '`GET /timelines/home` · `/timelines/public` · `/tags/{tag}/posts`': now(
    'GET /timelines/home',
    'GET /timelines/public',
    'GET /tags/{tag}/posts',
  ),
  '`GET /trending/posts` · `/trending/tags`': now('GET /trending/posts', 'GET /trending/tags'),
  '`GET /search?q=&type=posts\\|users\\|products`': now('GET /search'),
  '`POST /posts/{id}/report` `{ reason, note? }` → 201 · `GET /moderation/reports` · `POST /moderation/reports/{id}/resolve` `{ action: dismiss\\|hide\\|suspend, note? }`':
    now('POST /posts/{id}/report', 'GET /moderation/reports', 'POST /moderation/reports/{id}/resolve'),
  '`POST /media`': later(media, 'POST /media'),
  '`GET` · `PATCH` `{ alt }` · `DELETE /media/{id}`': later(
    media,
    'GET /media/{id}',
    'PATCH /media/{id}',
    'DELETE /media/{id}',
  ),
  '`GET /notifications` · `POST /notifications/read` `{ upTo }`': later(
    live,
    'GET /notifications',
    'POST /notifications/read',
  ),
  '`GET` · `PUT /notifications/settings` · `POST` · `DELETE /notifications/push`': later(
    live,
    'GET /notifications/settings',
    'PUT /notifications/settings',
    'POST /notifications/push',
    'DELETE /notifications/push',
  ),
  '`POST /stream/ticket` → 201 `{ ticket, expiresIn: 30 }`': later(live, 'POST /stream/ticket'),
  '`GET /stream`': later(live, 'GET /stream'),

  '`GET /products`': later(shop, 'GET /products'),
  '`GET /products/{id or slug}`': later(shop, 'GET /products/{id}'),
  '`POST /products` · `PATCH` · `DELETE /products/{id}`': later(
    shop,
    'POST /products',
    'PATCH /products/{id}',
    'DELETE /products/{id}',
  ),
  '`GET /categories` · `GET` · `PUT /variants/{id}/stock`': later(
    shop,
    'GET /categories',
    'GET /variants/{id}/stock',
    'PUT /variants/{id}/stock',
  ),
  '`POST /products/import` · `GET /products/export`': later(
    shop,
    'POST /products/import',
    'GET /products/export',
  ),
  '`POST /carts` · `GET /carts/{id}` · `PUT /carts/{id}/items/{variantId}` `{ quantity }` (0 removes; more than available: 409, cart unchanged)':
    later(
      shop,
      'POST /carts',
      'GET /carts/{id}',
      'PUT /carts/{id}/items/{variantId}',
      'POST /carts/{id}/claim',
    ),
  '`GET /carts/{id}/shipping-options` · `PUT /carts/{id}` `{ shippingOption?, coupon?, shippingAddress? }`':
    later(shop, 'GET /carts/{id}/shipping-options', 'PUT /carts/{id}'),
  '`POST /orders`': later(shop, 'POST /orders'),
  '`GET /orders` · `GET /orders/{id}` (`?at=<time>` or `?version=<n>`: as it was) · `GET /orders/{id}/history`':
    later(shop, 'GET /orders', 'GET /orders/{id}', 'GET /orders/{id}/history'),
  '`POST /orders/{id}/cancel` `{}` · `/ship` `{ items?, trackingNumber? }` · `/deliver` `{}` · `/return` `{ items, reason }` · `/refund` `{ amount?, reason? }`':
    later(
      shop,
      'POST /orders/{id}/cancel',
      'POST /orders/{id}/ship',
      'POST /orders/{id}/deliver',
      'POST /orders/{id}/return',
      'POST /orders/{id}/refund',
    ),
  '`GET /sales` · `GET /payouts`': later(shop, 'GET /sales', 'GET /payouts'),
  '`GET` · `POST /coupons` · `DELETE /coupons/{code}`': later(
    shop,
    'GET /coupons',
    'POST /coupons',
    'DELETE /coupons/{code}',
  ),
  '`GET /payments/{id}` · `POST /payments/webhooks/stripe`': later(
    shop,
    'GET /payments/{id}',
    'POST /payments/webhooks/stripe',
  ),
}

/** The two lines of *Operations*, which has no table, and what *Conventions* names by its address. */
export const lines: Readonly<Record<string, readonly Claim[]>> = {
  '`GET /health/live` · `GET /health/ready` (each dependency, 503 when not) · `GET /metrics` (Prometheus) · `GET /openapi.json` · `GET /docs` · `POST /graphql` (later).':
    [
      ...now('GET /health/live', 'GET /health/ready', 'GET /metrics', 'GET /openapi.json', 'GET /docs'),
      ...later('API.md itself says so', 'POST /graphql'),
    ],
  'Under `/api/v1`, for `ops`: `GET /ops/services` · `/ops/events?stream=&type=` · `/ops/dead-letters`, `POST /ops/dead-letters/{id}/retry`, `DELETE` · `/ops/audit` · `/ops/analytics`.':
    [
      ...now('GET /ops/services', 'GET /ops/dead-letters', 'GET /ops/audit', 'GET /ops/analytics'),
      ...refusedOnly(
        'nothing in good order parks an event; test/cli retries and drops one',
        'POST /ops/dead-letters/{id}/retry',
        'DELETE /ops/dead-letters/{id}',
      ),
      ...later(ops, 'GET /ops/events'),
    ],
  '`/.well-known/jwks.json`': now('GET /.well-known/jwks.json'),
}
