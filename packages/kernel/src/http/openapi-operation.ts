import type { ErrorCode, Operation, TSchema } from '../contract/index.ts'
import * as usual from '../contract/kernel-errors.ts'
import { pathNames, versionProperty } from './input.ts'
import { answerHeaders, type HeaderName, type SharedFailures } from './openapi-answers.ts'
import { exampleOf, type JsonSchema, type SharedSchemas } from './openapi-schemas.ts'

/** An operation as an OpenAPI Operation Object. */
export function describeOperation(
  service: string,
  name: string,
  operation: Operation,
  schemas: SharedSchemas,
  failures: SharedFailures,
): JsonSchema {
  const parts = partsOf(operation)
  return {
    operationId: `${service}.${name}`,
    summary: operation.summary ?? sentenceOf(name),
    tags: [service],
    security: operation.access === 'public' ? [{}, { accessToken: [] }] : [{ accessToken: [] }],
    ...(/:|^moderation$|^ops$/.test(operation.access) && {
      description: `Needs the permission \`${operation.access}\`.`,
    }),
    parameters: [
      ...parts.path.map(each => parameter('path', each, schemas)),
      ...parts.query.map(each => parameter('query', each, schemas)),
      ...headerParameters(operation, parts),
    ],
    ...(parts.body.length > 0 && { requestBody: requestBody(parts.body, schemas) }),
    responses: {
      ...success(operation, parts, schemas),
      ...failures.use([...operation.fails, ...usualFailures(operation, parts)]),
    },
  }
}

interface Property {
  readonly name: string
  readonly schema: TSchema
  readonly isRequired: boolean
}

interface Parts {
  readonly path: readonly Property[]
  readonly query: readonly Property[]
  readonly body: readonly Property[]
  readonly takesVersion: boolean
  readonly hasVersion: boolean
  readonly isPage: boolean
}

function partsOf({ route, input, output }: Operation): Parts {
  const all = propertiesOf(input)
  const names = pathNames(route!.path)
  const rest = all.filter(({ name }) => !names.includes(name) && name !== versionProperty)
  const hasBody = route!.method !== 'GET' && route!.method !== 'DELETE'
  const has = (name: string) => propertiesOf(output).some(each => each.name === name)
  return {
    path: names.map(name => all.find(each => each.name === name)!),
    query: hasBody ? [] : rest,
    body: hasBody ? rest : [],
    takesVersion: all.some(({ name }) => name === versionProperty),
    hasVersion: has('version'),
    isPage: has('nextCursor'),
  }
}

function propertiesOf(schema: TSchema): Property[] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, TSchema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, each]) => ({
    name,
    schema: each,
    isRequired: required.includes(name),
  }))
}

function parameter(place: 'path' | 'query', { name, schema, isRequired }: Property, schemas: SharedSchemas) {
  const { description, ...rest } = schemas.use(schema)
  const isObject = (schema as { type?: unknown }).type === 'object'
  return {
    name,
    in: place,
    required: place === 'path' || isRequired,
    ...(description !== undefined && { description }),
    ...(isObject && { style: 'deepObject', explode: true }),
    schema: rest,
  }
}

function headerParameters({ route, repeat }: Operation, { takesVersion, hasVersion }: Parts) {
  const header = (name: string, description: string, more: object = {}, required = false) => ({
    name,
    in: 'header',
    required,
    description,
    schema: { type: 'string', ...more },
  })
  const found = []
  if (route!.method === 'POST')
    found.push(
      header(
        'Idempotency-Key',
        'The same key and request gives the first answer for 24 hours',
        {
          pattern: '^[\\x21-\\x7e]{1,255}$',
        },
        repeat === 'key-required',
      ),
    )
  if (takesVersion)
    found.push(header('If-Match', 'The ETag this is based on; 412 when somebody edited meanwhile'))
  if (hasVersion && route!.method === 'GET')
    found.push(header('If-None-Match', 'An ETag known already; 304 when it still holds'))
  return found
}

function requestBody(properties: readonly Property[], schemas: SharedSchemas) {
  const required = properties.filter(each => each.isRequired).map(each => each.name)
  const schema = {
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(properties.map(each => [each.name, each.schema])),
    additionalProperties: false,
  }
  return {
    required: required.length > 0,
    content: {
      'application/json': {
        schema: schemas.use(schema as unknown as TSchema),
        example: exampleOf(required.length > 0 ? requiredOnly(schema.properties, required) : schema),
      },
    },
  }
}

function requiredOnly(properties: Record<string, TSchema>, required: readonly string[]) {
  const kept = Object.entries(properties).filter(([name]) => required.includes(name))
  return { type: 'object', properties: Object.fromEntries(kept) }
}

function success(operation: Operation, parts: Parts, schemas: SharedSchemas): Record<string, JsonSchema> {
  const { output, route, status } = operation
  const names: HeaderName[] = []
  if (parts.hasVersion) names.push('ETag')
  if (parts.isPage) names.push('Link')
  if (route!.method === 'POST') names.push('Idempotency-Replayed')
  const answer = {
    description: wordOf(status),
    headers: answerHeaders(...names),
    ...(status !== 204 && {
      content: { 'application/json': { schema: schemas.use(output), example: exampleOf(output) } },
    }),
  }
  if (!parts.hasVersion || route!.method !== 'GET') return { [status]: answer }
  return { [status]: answer, 304: { description: 'Not changed', headers: answerHeaders('ETag') } }
}

function usualFailures({ kind, route, access }: Operation, parts: Parts): ErrorCode[] {
  const isPost = route!.method === 'POST'
  const hasBody = route!.method !== 'GET' && route!.method !== 'DELETE'
  return [
    usual.invalidInput,
    usual.unauthenticated,
    usual.tooManyRequests,
    usual.internalError,
    usual.overloaded,
    usual.unavailable,
    usual.deadlineExceeded,
    ...(parts.isPage ? [usual.invalidCursor] : []),
    ...(access !== 'public' && access !== 'user' && access !== 'token' ? [usual.forbidden] : []),
    ...(parts.takesVersion ? [usual.stale] : []),
    ...(hasBody ? [usual.requestTimeout, usual.tooLarge, usual.unsupportedMediaType] : []),
    ...(isPost ? [usual.idempotencyKeyRequired, usual.keyReused, usual.stillRunning] : []),
    ...(kind === 'command' ? [usual.unknownOutcome] : []),
  ]
}

function wordOf(status: number): string {
  return { 200: 'Done', 201: 'Made', 202: 'Begun', 204: 'Done' }[status] ?? 'Done'
}

/** `listByAuthor` → `List by author`. */
function sentenceOf(name: string): string {
  const words = name.replaceAll(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}
