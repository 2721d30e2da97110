import { allServices } from './services.ts'

/** The services a command is about: all, or the one that was named. Throws when there is none of that name. */
export function serviceNames(only: string | undefined): readonly string[] {
  const names = allServices.map(each => each.contract.name)
  if (only === undefined) return names
  if (!names.includes(only)) throw new Error(`There is no service ${only}: choose from ${names.join(', ')}.`)
  return [only]
}
