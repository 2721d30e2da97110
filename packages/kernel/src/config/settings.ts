/** Where a setting's value came from. */
export type Origin = 'environment' | 'default'

export interface Setting<T> {
  readonly env: string
  readonly secret: boolean
  readonly help: string
  /** Reads the variable's text; throws a sentence that says what is allowed. */
  readonly parse: (text: string) => T
  readonly standard: T
}

interface Options<T> {
  readonly help: string
  readonly standard: T
  readonly secret?: boolean
}

const make = <T>(env: string, options: Options<T>, parse: (text: string) => T): Setting<T> => ({
  env,
  secret: options.secret ?? false,
  help: options.help,
  standard: options.standard,
  parse,
})

export const text = <T extends string | undefined = string>(env: string, options: Options<T>) =>
  make<string | T>(env, options, value => value)

export const integer = <T extends number | undefined = number>(
  env: string,
  min: number,
  max: number,
  options: Options<T>,
) =>
  make<number | T>(env, options, value => {
    if (/^\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value)
    throw new Error(`a whole number from ${min} to ${max}`)
  })

export const flag = (env: string, options: Options<boolean>) =>
  make(env, options, value => {
    if (value === 'true') return true
    if (value === 'false') return false
    throw new Error('true or false')
  })

export const oneOf = <T extends string>(env: string, allowed: readonly T[], options: Options<T>) =>
  make(env, options, value => {
    const found = allowed.find(each => each === value)
    if (found === undefined) throw new Error(`one of ${allowed.join(', ')}`)
    return found
  })

export const list = (
  env: string,
  options: Options<readonly string[]>,
  shape?: { pattern: RegExp; says: string },
) =>
  make<readonly string[]>(env, options, value => {
    const items = value
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== '')
    const wrong = shape && items.find(item => !shape.pattern.test(item))
    if (wrong !== undefined)
      throw new Error(`${shape?.says}, separated by commas; ${JSON.stringify(wrong)} is not`)
    return items
  })

export const url = (env: string, protocols: readonly string[], options: Options<string | undefined>) =>
  make(env, options, value => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined
    if (parsed && protocols.includes(parsed.protocol.slice(0, -1))) return value
    throw new Error(`a URL that begins with ${protocols.map(each => `${each}://`).join(' or ')}`)
  })

export const matching = <T extends string | undefined>(
  env: string,
  pattern: RegExp,
  says: string,
  options: Options<T>,
) =>
  make<string | T>(env, options, value => {
    if (pattern.test(value)) return value
    throw new Error(says)
  })
