import { newContext } from '@plaza/kernel/call'
import { type Host, kernelOf } from '@plaza/kernel/service'
import { serviceNames } from './service-names.ts'
import { withServices } from './with-services.ts'

/** `plaza dead-letters list`: everything that is parked, oldest first within each service. */
export function listDeadLetters(options: { readonly service?: string }): Promise<void> {
  return withServices(async services => {
    let count = 0
    for (const name of serviceNames(options.service)) {
      for await (const letter of lettersOf(services, name)) {
        count++
        const why = letter.error ?? 'waits for those before it'
        console.log(
          `${name}/${letter.id}  ${letter.parkedAt}  ${letter.subscription} ← ${letter.producer}.${letter.type}`,
        )
        console.log(`  ${letter.stream} version ${letter.version}, ${letter.attempts} attempts: ${why}`)
      }
    }
    console.log(
      count === 0
        ? 'There are no dead letters.'
        : `${count} dead letters. Retry one: plaza dead-letters retry ID`,
    )
  })
}

/** `plaza dead-letters retry SERVICE/NUMBER` */
export function retryDeadLetter(id: string): Promise<void> {
  const { service, letter } = parseId(id)
  return withServices(async services => {
    const result = await services
      .call(kernelOf({ name: service }))
      .$retryDeadLetter({ id: letter }, context())
    tell(id, result)
  })
}

/** `plaza dead-letters drop SERVICE/NUMBER` */
export function dropDeadLetter(id: string): Promise<void> {
  const { service, letter } = parseId(id)
  return withServices(async services => {
    const result = await services.call(kernelOf({ name: service })).$dropDeadLetter({ id: letter }, context())
    console.log(`${id} is dropped.`)
    tell(id, result)
  })
}

async function* lettersOf(services: Host, name: string) {
  let after: string | undefined
  do {
    const page = await services
      .call(kernelOf({ name }))
      .$deadLetters({ limit: 100, ...(after !== undefined && { after }) }, context())
    yield* page.items
    after = page.next ?? undefined
  } while (after !== undefined)
}

function tell(
  id: string,
  result: { readonly handled: number; readonly left: number; readonly error: string | null },
) {
  console.log(`${result.handled} handled, ${result.left} of the stream still parked.`)
  if (result.error === null) return
  console.error(`${id} failed again: ${result.error}`)
  process.exitCode = 1
}

function parseId(id: string): { service: string; letter: string } {
  const [service, letter, ...rest] = id.split('/')
  if (service === undefined || letter === undefined || rest.length > 0 || !/^\d+$/.test(letter)) {
    throw new Error(
      `${id} is not the id of a dead letter: take one from plaza dead-letters list, as in users/17.`,
    )
  }
  serviceNames(service)
  return { service, letter }
}

const context = () => newContext({ requestId: 'dead-letters', deadline: Date.now() + 120_000 })
