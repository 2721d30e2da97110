import type { TSchema } from '../contract/index.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The schemas that operations share, each under its `title` in `#/components/schemas`. Two different ones of one title are a mistake
 * and throw.
 */
export class SharedSchemas {
  readonly #named = new Map<string, JsonSchema>()
  readonly #sources = new Map<string, string>()

  /** The schema as a document has it: a reference wherever it, or what is in it, has a title. */
  use(schema: TSchema): JsonSchema {
    return this.#translate(schema as JsonSchema)
  }

  add(name: string, schema: JsonSchema): JsonSchema {
    this.#named.set(name, schema)
    return { $ref: `#/components/schemas/${name}` }
  }

  /** What goes under `components.schemas`, by name. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #translate(schema: JsonSchema): JsonSchema {
    const { title, ...rest } = schema
    if (typeof title !== 'string') return this.#inside(schema)
    const isNullable = Array.isArray(rest.type) && rest.type.includes('null')
    if (isNullable) {
      const type = (rest.type as string[]).find(each => each !== 'null')
      return { anyOf: [this.#translate({ ...schema, type }), { type: 'null' }] }
    }
    const source = JSON.stringify(schema)
    const known = this.#sources.get(title)
    if (known === undefined) {
      this.#sources.set(title, source)
      this.add(title, this.#inside(rest))
    } else if (known !== source) {
      throw new Error(`Two different schemas are titled ${title}`)
    }
    return { $ref: `#/components/schemas/${title}` }
  }

  #inside(schema: JsonSchema): JsonSchema {
    const { says, ...known }: Record<string, unknown> = schema
    if (says !== undefined) known.description ??= says
    return Object.fromEntries(Object.entries(known).map(([key, value]) => [key, this.#member(key, value)]))
  }

  #member(key: string, value: unknown): unknown {
    if (key === 'properties' || key === 'patternProperties') {
      const properties = Object.entries(value as Record<string, JsonSchema>)
      return Object.fromEntries(properties.map(([name, each]) => [name, this.#translate(each)]))
    }
    if (key === 'anyOf' || key === 'oneOf' || key === 'allOf')
      return (value as JsonSchema[]).map(each => this.#translate(each))
    const isSchema = key === 'items' || key === 'additionalProperties' || key === 'not'
    return isSchema && typeof value === 'object' ? this.#translate(value as JsonSchema) : value
  }
}

/** An example value of a schema, small and valid as far as the schema tells. */
export function exampleOf(schema: unknown): unknown {
  const shape = schema as Shape
  if (shape.examples?.length) return shape.examples[0]
  if ('const' in shape) return shape.const
  if (shape.enum?.length) return shape.enum[0]
  if (shape.anyOf?.length) return exampleOf(shape.anyOf[0])
  const type = Array.isArray(shape.type) ? shape.type[0] : shape.type
  if (type === 'object') return exampleObject(shape)
  if (type === 'array') return shape.items === undefined ? [] : [exampleOf(shape.items)]
  if (type === 'integer' || type === 'number') return Math.max(1, shape.minimum ?? 1)
  if (type === 'boolean') return true
  return type === 'string' ? exampleText(shape) : null
}

interface Shape {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Shape[]
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly items?: Shape
  readonly minimum?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly format?: string
}

function exampleObject({ properties = {} }: Shape): object {
  return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, exampleOf(each)]))
}

function exampleText({ pattern, format, minLength = 0 }: Shape): string {
  const kind = pattern?.match(/^\^([a-z]+)_\[0-7\]/)?.[1]
  if (kind !== undefined) return `${kind}_01h455vb4pex5vsknk084sn02q`
  if (format === 'date-time') return '2026-01-31T12:00:00.000Z'
  const text = 'text'.padEnd(minLength, ' text')
  if (pattern === undefined) return text
  const shape = new RegExp(pattern, 'u')
  return [text, 'ana@example.com', '1', 'a1', 'posts.1'].find(each => shape.test(each)) ?? text
}
