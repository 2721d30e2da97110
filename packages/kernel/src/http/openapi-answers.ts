import type { ErrorCode } from '../contract/index.ts'
import type { JsonSchema } from './openapi-schemas.ts'
import { statusOf } from './problem.ts'

const text = (description: string, example: string) => ({ description, schema: { type: 'string' }, example })

/** Headers of answers: what goes under `components.headers`. */
export const headerDescriptions = {
  'X-Request-Id': text(
    'Names the request in the logs; a sane one that was sent comes back',
    'k3J9x2Lq8fA-1z',
  ),
  RateLimit: text('What is left of the quota (IETF draft)', '"person";r=599;t=1'),
  'RateLimit-Policy': text('The quota and its seconds (IETF draft)', '"person";q=600;w=60'),
  ETag: text('`"<version>-<hash>"`', '"3-Zx81kQw0LmPq22aB"'),
  Link: text('The pages beside this one (RFC 8288)', '</api/v1/posts?cursor=abc>; rel="next"'),
  'Idempotency-Replayed': text('`true` when this is the stored first answer', 'true'),
  'Retry-After': text('Seconds until it makes sense to ask again', '1'),
}
export type HeaderName = keyof typeof headerDescriptions

const always: readonly HeaderName[] = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy']

/** The headers of an answer, besides those that every answer has. */
export function answerHeaders(...names: HeaderName[]): JsonSchema {
  return Object.fromEntries(
    [...always, ...names].map(name => [name, { $ref: `#/components/headers/${name}` }]),
  )
}

/** The answers to failures, each described once however many operations give it. */
export class SharedFailures {
  readonly #described = new Map<string, JsonSchema>()

  /** An operation's failures by HTTP status, as references. */
  use(codes: readonly ErrorCode[]): Record<string, JsonSchema> {
    const byStatus = Map.groupBy(new Set(codes), statusOf)
    const sorted = [...byStatus].sort(([a], [b]) => a - b)
    return Object.fromEntries(sorted.map(([status, found]) => [status, this.#refer(status, found)]))
  }

  /** What goes under `components.responses`. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#described].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #refer(status: number, codes: readonly ErrorCode[]): JsonSchema {
    const sorted = codes.toSorted((a, b) => (a.code < b.code ? -1 : 1))
    const name = sorted.map(each => pascalCase(each.code)).join('Or')
    if (!this.#described.has(name)) this.#described.set(name, describe(status, sorted))
    return { $ref: `#/components/responses/${name}` }
  }
}

const mayRetry = new Set([409, 429, 503, 504])

function describe(status: number, codes: readonly ErrorCode[]): JsonSchema {
  return {
    description: codes.map(each => `\`${each.code}\`: ${each.title}`).join(' · '),
    headers: mayRetry.has(status) ? answerHeaders('Retry-After') : answerHeaders(),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(codes.map(each => [each.code, { value: exampleProblem(status, each) }])),
      },
    },
  }
}

function exampleProblem(status: number, { code, title }: ErrorCode) {
  return {
    type: `/docs/errors#${code}`,
    title,
    status,
    detail: `${title}.`,
    code,
    requestId: 'k3J9x2Lq8fA-1z',
  }
}

function pascalCase(code: string): string {
  return code.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
