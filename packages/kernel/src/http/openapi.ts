import type { Contract } from '../contract/index.ts'
import { headerDescriptions, SharedFailures } from './openapi-answers.ts'
import { describeOperation } from './openapi-operation.ts'
import { type JsonSchema, SharedSchemas } from './openapi-schemas.ts'

export interface OpenApiOptions {
  readonly contracts: readonly Contract[]
  readonly version: string
  /** Where clients reach the API; the document's own address when left out. */
  readonly url: string | undefined
}

/** An OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1). */
export interface OpenApi {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>
  readonly components: Readonly<
    Record<'schemas' | 'responses' | 'headers' | 'securitySchemes', Readonly<Record<string, JsonSchema>>>
  >
  readonly [part: string]: unknown
}

/** Describes every operation that has a route. Throws when two schemas share a title and differ. */
export function openApiOf({ contracts, version, url }: OpenApiOptions): OpenApi {
  const schemas = new SharedSchemas()
  const failures = new SharedFailures()
  schemas.add('Problem', problem)
  const paths: Record<string, Record<string, JsonSchema>> = {}
  const tags = new Set<string>()
  for (const { name: service, operations } of contracts) {
    for (const [name, operation] of Object.entries(operations)) {
      if (operation.route === undefined) continue
      tags.add(service)
      const path = operation.route.path.replaceAll(/:(\w+)/g, '{$1}')
      paths[path] ??= {}
      paths[path][operation.route.method.toLowerCase()] = describeOperation(
        service,
        name,
        operation,
        schemas,
        failures,
      )
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Plaza',
      version,
      summary: 'The open backend for places where people meet and trade',
      description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: url ?? '/' }],
    tags: [...tags].map(name => ({ name, description: `Operations of ${name}` })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The `accessToken` that registration, log-in and refresh give; 15 minutes.',
        },
      },
      schemas: schemas.all(),
      responses: failures.all(),
      headers: headerDescriptions,
    },
  }
}

const description = `JSON over HTTP. Failures are problems (RFC 9457) with a stable \`code\`: see [the list of codes](/docs/errors).
Lists page by an opaque \`cursor\`. Any POST takes an \`Idempotency-Key\`: the same key and body gives the first answer for 24 hours.
Single resources have an \`ETag\`: \`If-None-Match\` answers 304, \`If-Match\` on PATCH and PUT answers 412 when somebody edited meanwhile.`

const problem: JsonSchema = {
  type: 'object',
  description: 'What went wrong (RFC 9457)',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  additionalProperties: false,
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Where the code is explained' },
    title: { type: 'string', description: 'What the code means' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What was wrong this time, and what to do' },
    code: { type: 'string', description: 'Stable, for programs' },
    requestId: { type: 'string', description: 'Names this request in the logs' },
    errors: {
      type: 'array',
      description: 'Everything wrong with the input',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        additionalProperties: false,
        properties: {
          pointer: { type: 'string', description: 'A JSON Pointer (RFC 6901) to a property or parameter' },
          detail: { type: 'string' },
        },
      },
    },
  },
}
