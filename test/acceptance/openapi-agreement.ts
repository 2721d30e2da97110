import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { default as formats } from 'ajv-formats'
import type { Answer } from './http-answer.ts'

/** What the tests read of an OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components: { readonly responses: Readonly<Record<string, OpenApiResponse>> }
}

interface OpenApiOperation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, OpenApiResponse | { readonly $ref: string }>>
}

interface OpenApiResponse {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}

/** Which operation of the document a request meets: `GET /api/v1/posts/{id}`. */
export interface MetOperation {
  readonly name: string
  readonly operation: OpenApiOperation
}

/** Holds answers against the document the server itself gives, with a validator that is not the server's. */
export class OpenApiAgreement {
  readonly document: OpenApiDocument
  readonly #ajv: Ajv2020
  readonly #validators = new Map<string, ValidateFunction>()
  readonly #paths: readonly { readonly template: string; readonly segments: readonly string[] }[]

  constructor(document: OpenApiDocument) {
    this.document = document
    // `example` and `discriminator` are OpenAPI's; schemas that JSON Schema does not know are a mistake.
    this.#ajv = new Ajv2020({ strict: true, allErrors: true, validateFormats: true, allowUnionTypes: true })
    formats.default(this.#ajv)
    this.#ajv.addVocabulary(['components', 'example'])
    this.#ajv.addSchema({ $id: 'openapi.json', components: document.components }, undefined, false, false)
    const depth = (template: string) => (template.match(/\{/g) ?? []).length
    this.#paths = Object.keys(document.paths)
      .sort((a, b) => depth(a) - depth(b))
      .map(template => ({ template, segments: template.split('/') }))
  }

  /** The operation that a method and path belong to; undefined when there is none, as for pages and wrong addresses. */
  operationOf(method: string, path: string): MetOperation | undefined {
    const segments = path.split('?', 1)[0]!.split('/')
    for (const { template, segments: wanted } of this.#paths) {
      if (!fits(wanted, segments)) continue
      const operation = this.document.paths[template]![method.toLowerCase()]
      if (operation !== undefined) return { name: `${method} ${template}`, operation }
    }
    return undefined
  }

  /** Every operation there is, as `GET /api/v1/posts/{id}`. */
  operations(): string[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
    )
  }

  /** Throws unless the document declares this status, media type, body and these headers. */
  assertAgrees({ name, operation }: MetOperation, answer: Answer): void {
    const declared = operation.responses[answer.status]
    const where = `${name} answered ${answer.status}`
    assert.ok(declared, `${where}, which /openapi.json does not declare: ${answer.text.slice(0, 500)}`)
    const response = this.#resolve(declared)
    for (const header of ['ETag', 'Link', 'Retry-After'])
      if (answer.headers[header.toLowerCase()] !== undefined)
        assert.ok(response.headers?.[header], `${where} with ${header}, which /openapi.json does not declare`)
    const [type = ''] = (answer.headers['content-type'] ?? '').split(';')
    if (response.content === undefined) {
      assert.equal(answer.text, '', `${where} with a body, and /openapi.json declares none`)
      return
    }
    const content = response.content[type]
    assert.ok(
      content,
      `${where} as ${type || 'nothing'}, and /openapi.json declares ${Object.keys(response.content)}`,
    )
    const validate = this.#validatorOf(`${name} ${answer.status} ${type}`, content.schema)
    if (validate(answer.body)) return
    const problems = validate.errors!.map(
      each => `${each.instancePath} ${each.message} ${JSON.stringify(each.params)}`,
    )
    assert.fail(
      `${where} with a body that /openapi.json does not allow:\n${problems.join('\n')}\n${answer.text.slice(0, 1_000)}`,
    )
  }

  #resolve(response: OpenApiResponse | { readonly $ref: string }): OpenApiResponse {
    if (!('$ref' in response)) return response
    const found = this.document.components.responses[response.$ref.split('/').at(-1)!]
    assert.ok(found, `/openapi.json names ${response.$ref}, which is not there`)
    return found
  }

  #validatorOf(key: string, schema: object): ValidateFunction {
    const known = this.#validators.get(key)
    if (known !== undefined) return known
    const validator = this.#ajv.compile(withAbsoluteReferences(schema))
    this.#validators.set(key, validator)
    return validator
  }
}

function fits(template: readonly string[], segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((each, i) => (each.startsWith('{') ? segments[i] !== '' : each === segments[i]))
  )
}

// A schema taken out of the document must still find what it refers to.
function withAbsoluteReferences(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"openapi.json#/components/'))
}
