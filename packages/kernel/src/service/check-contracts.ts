import type { Contract } from '../contract/index.ts'

/** Throws one error that names everything wrong with the contracts together: doubled routes, doubled names, doubled error codes. */
export function checkContracts(contracts: readonly Contract[]): void {
  const problems: string[] = []
  const seen = new Map<string, string>()
  const titles = new Map<string, string>()
  for (const { name, operations } of contracts) {
    for (const [key, operation] of Object.entries(operations)) {
      const place = `${name}.${key}`
      if (operation.route !== undefined) {
        const route = `${operation.route.method} ${operation.route.path.replaceAll(/:[^/]+/g, ':')}`
        const other = seen.get(route)
        if (other !== undefined) problems.push(`${place} and ${other} share the route ${route}`)
        seen.set(route, place)
      }
      for (const error of operation.fails) {
        const said = `${error.category}: ${error.title}`
        if ((titles.get(error.code) ?? said) !== said)
          problems.push(`${place} declares ${error.code} otherwise than elsewhere`)
        titles.set(error.code, said)
      }
    }
  }
  const names = contracts.map(each => each.name)
  for (const name of new Set(names.filter((each, i) => names.indexOf(each) !== i))) {
    problems.push(`two contracts are named ${name}`)
  }
  if (problems.length > 0) throw new Error(`The contracts contradict each other:\n- ${problems.join('\n- ')}`)
}

/** Throws unless there is exactly one handler for each operation. */
export function checkHandlers(contract: Contract, handlers: Readonly<Record<string, unknown>>): void {
  const missing = Object.keys(contract.operations).filter(key => typeof handlers[key] !== 'function')
  if (missing.length > 0) throw new Error(`${contract.name} has no handler for ${missing.join(', ')}`)
  const surplus = Object.keys(handlers).filter(key => contract.operations[key] === undefined)
  if (surplus.length > 0)
    throw new Error(`${contract.name} has handlers for no operation: ${surplus.join(', ')}`)
}
