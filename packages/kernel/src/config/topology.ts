type Env = Readonly<Record<string, string | undefined>>

/** Where the parts of Plaza are, as the environment says: the same code makes one process or a fleet of it. */
export interface Topology {
  /** What this process hosts, the gateway included. */
  readonly hosted: readonly string[]
  /** Base URLs by service, as far as they were given; of those not hosted here there is at least one. */
  readonly urls: ReadonlyMap<string, readonly string[]>
  /** The databases of services that have one of their own, as its owner. */
  readonly databaseUrls: ReadonlyMap<string, string>
}

export const servicesVariable = 'PLAZA_SERVICES'
export const urlVariable = (service: string) => `PLAZA_URL_${upper(service)}`
export const databaseVariable = (service: string) => `${upper(service)}_DATABASE_URL`

/** The edge: nobody calls it, so nobody needs its address. */
export const gatewayName = 'gateway'

/** Reads what is hosted and where the rest is; `known` are all names there are. What is wrong is added to `wrong`, a sentence each. */
export function readTopology(env: Env, known: readonly string[], wrong: string[]): Topology {
  const hosted = hostedServices(env, known, wrong)
  const services = known.filter(name => name !== gatewayName)
  for (const name of unknownAddresses(env, services)) {
    const allowed = services.map(urlVariable).join(', ')
    wrong.push(`${name} names no service: it must be one of ${allowed}.`)
  }
  const urls = new Map<string, readonly string[]>()
  const databaseUrls = new Map<string, string>()
  for (const service of services) {
    const found = addresses(env, service, wrong)
    if (found !== undefined) urls.set(service, found)
    else if (!hosted.includes(service)) {
      const name = urlVariable(service)
      wrong.push(
        `${name} is not set: ${service} is not hosted here, so it must say where it is (http://host:8081).`,
      )
    }
    const database = databaseUrl(env, service, wrong)
    if (database !== undefined) databaseUrls.set(service, database)
  }
  return Object.freeze({ hosted, urls, databaseUrls })
}

/** `http://posts:8081` of each item. Throws a sentence that says what is allowed. */
export function parseAddresses(text: string): readonly string[] {
  const items = itemsOf(text)
  const bad = items.find(item => originOf(item) === undefined)
  const allowed = 'http://host:port, or several separated by commas, without a path'
  if (bad !== undefined) throw new Error(`${allowed}; ${JSON.stringify(withoutCredentials(bad))} is not`)
  if (items.length === 0) throw new Error(allowed)
  return [...new Set(items.map(item => originOf(item)!))]
}

function hostedServices(env: Env, known: readonly string[], wrong: string[]): readonly string[] {
  const given = env[servicesVariable]
  if (given === undefined || given === '') return known
  const names = itemsOf(given)
  const unknown = names.filter(name => !known.includes(name))
  if (unknown.length > 0 || names.length === 0) {
    const why = unknown.length > 0 ? `; ${unknown.map(each => JSON.stringify(each)).join(', ')} is not` : ''
    const allowed = `names among ${known.join(', ')}, separated by commas`
    wrong.push(`${servicesVariable}=${JSON.stringify(given)} is not valid: it must be ${allowed}${why}.`)
  }
  return known.filter(name => names.includes(name))
}

function unknownAddresses(env: Env, services: readonly string[]): string[] {
  const allowed = new Set(services.map(urlVariable))
  return Object.keys(env).filter(name => name.startsWith(urlVariable('')) && env[name] && !allowed.has(name))
}

function addresses(env: Env, service: string, wrong: string[]): readonly string[] | undefined {
  const given = env[urlVariable(service)]
  if (given === undefined || given === '') return undefined
  try {
    return parseAddresses(given)
  } catch (error) {
    const shown = itemsOf(given).map(withoutCredentials).join(',')
    wrong.push(
      `${urlVariable(service)}=${JSON.stringify(shown)} is not valid: it must be ${(error as Error).message}.`,
    )
    return []
  }
}

function databaseUrl(env: Env, service: string, wrong: string[]): string | undefined {
  const given = env[databaseVariable(service)]
  if (given === undefined || given === '') return undefined
  if (/^postgres(ql)?:$/.test(URL.parse(given)?.protocol ?? '')) return given
  const name = databaseVariable(service)
  wrong.push(`${name}=(hidden) is not valid: it must be a URL that begins with postgres:// or postgresql://.`)
  return undefined
}

function originOf(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    return undefined
  return url.pathname === '/' && url.search === '' && url.hash === '' ? url.origin : undefined
}

function itemsOf(text: string): string[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

/** An address is no place for a password; whoever put one there must not find it in a log. */
const withoutCredentials = (text: string) => text.replace(/\/\/.*@/, '//••••@')
const upper = (service: string) => service.toUpperCase().replaceAll('-', '_')
