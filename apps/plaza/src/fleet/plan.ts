import { ConfigError, gatewayName } from '@plaza/kernel/config'

/** One process of a fleet: what it hosts, and which of its doubles it is (from 1). */
export interface PlannedProcess {
  /** `posts.2`; `auth+users.1`; without a number when it has no double. */
  readonly name: string
  readonly services: readonly string[]
  readonly replica: number
}

export interface PlanOptions {
  /** `posts=2,gateway=2`; a group goes by any of its services. */
  readonly replicas?: string | undefined
  /** `auth,users;posts`: each group shares a process, whatever is in none has its own. */
  readonly groups?: string | undefined
  /** `posts,gateway`: only the processes that host one of these. */
  readonly only?: string | undefined
}

/** Which processes a fleet is made of. Throws a `ConfigError` that names what is wrong and what is allowed. */
export function planFleet(known: readonly string[], options: PlanOptions): readonly PlannedProcess[] {
  const groups = groupsOf(known, options.groups ?? '')
  const counts = replicasOf(known, groups, options.replicas ?? '')
  const only = options.only === undefined ? known : namesOf(known, options.only, '--only')
  return groups
    .filter(group => group.some(name => only.includes(name)))
    .flatMap(services => {
      const count = counts.get(services) ?? 1
      const name = services.join('+')
      return Array.from({ length: count }, (_, i) => ({
        name: count === 1 ? name : `${name}.${i + 1}`,
        services,
        replica: i + 1,
      }))
    })
}

/** More doubles of one service on one machine help nobody. */
const mostReplicas = 16

function groupsOf(known: readonly string[], text: string): readonly (readonly string[])[] {
  const groups = text
    .split(';')
    .filter(each => each.trim() !== '')
    .map(each => namesOf(known, each, '--groups'))
  const grouped = groups.flat()
  const twice = grouped.find((name, i) => grouped.indexOf(name) !== i)
  if (twice !== undefined) throw new ConfigError(`--groups ${JSON.stringify(text)} names ${twice} twice.`)
  const alone = known.filter(name => !grouped.includes(name)).map(name => [name])
  const place = (group: readonly string[]) => known.indexOf(group[0]!)
  return [...groups, ...alone].sort((a, b) => place(a) - place(b))
}

function replicasOf(
  known: readonly string[],
  groups: readonly (readonly string[])[],
  text: string,
): ReadonlyMap<readonly string[], number> {
  const counts = new Map<readonly string[], number>()
  for (const item of itemsOf(text)) {
    const [, name = '', digits = ''] = /^([a-z-]+)=(\d{1,3})$/.exec(item) ?? []
    const count = Number(digits)
    if (!known.includes(name) || count < 1 || count > mostReplicas) {
      throw new ConfigError(
        `--replicas ${JSON.stringify(item)} is not valid: write service=number, with a number from 1 to ${mostReplicas} and a service among ${known.join(', ')}.`,
      )
    }
    const group = groups.find(each => each.includes(name))!
    if (counts.has(group)) throw new ConfigError(`--replicas names the process of ${group.join('+')} twice.`)
    counts.set(group, count)
  }
  return counts
}

function namesOf(known: readonly string[], text: string, option: string): readonly string[] {
  const names = itemsOf(text)
  const unknown = names.find(name => !known.includes(name))
  if (unknown !== undefined || names.length === 0) {
    const given = JSON.stringify(unknown ?? text)
    throw new ConfigError(`${option}: ${given} is no service. There are ${known.join(', ')}.`)
  }
  return known.filter(name => names.includes(name))
}

function itemsOf(text: string): string[] {
  return text
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '')
}

/** Whether clients reach the fleet through this process. */
export const hostsGateway = ({ services }: Pick<PlannedProcess, 'services'>) => services.includes(gatewayName)

/** Whether other processes call this one. */
export const isCalled = ({ services }: Pick<PlannedProcess, 'services'>) =>
  services.some(name => name !== gatewayName)
