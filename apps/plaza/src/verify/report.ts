import type { Outcome } from './run-checks.ts'

/** Breaches shown of one check. */
const shown = 20

/** What the exit code says: 0: all is as promised; 1: something is not; 2: something could not be checked. */
export function exitCodeOf(outcomes: readonly Outcome[]): 0 | 1 | 2 {
  if (outcomes.some(each => each.breaches.length > 0)) return 1
  return outcomes.some(each => each.failure !== undefined) ? 2 : 0
}

/** A line for each promise, then what is broken, then what that comes to. */
export function report(outcomes: readonly Outcome[]): string {
  const wide = (of: (outcome: Outcome) => string) => Math.max(0, ...outcomes.map(each => of(each).length))
  const [services, promises] = [wide(each => each.service), wide(each => each.promise)]
  const lines = outcomes.map(each =>
    [
      markOf(each),
      each.service.padEnd(services),
      each.promise.padEnd(promises),
      each.left === undefined ? `${number(each.checked).padStart(12)} checked` : 'not looked at',
      each.breaches.length > 0 ? `  ${breachCount(each)}` : '',
    ]
      .join('  ')
      .trimEnd(),
  )
  return [...lines, ...outcomes.flatMap(detailsOf), '', summary(outcomes)].join('\n')
}

function markOf({ breaches, failure, left }: Outcome): string {
  if (breaches.length > 0) return '✖'
  if (failure !== undefined) return '!'
  return left === undefined ? '✔' : '–'
}

function detailsOf(outcome: Outcome): string[] {
  const { service, check, breaches, failure, left } = outcome
  const title = `${service} ${check}`
  const lines: string[] = []
  if (left !== undefined) lines.push('', `– ${title} was not looked at: ${left}.`)
  if (failure !== undefined) lines.push('', `! ${title} could not be checked: ${failure}`)
  if (breaches.length > 0) lines.push('', `✖ ${title}: ${breachCount(outcome)}`)
  lines.push(...breaches.slice(0, shown).map(({ id, detail }) => `  ${id}  ${detail}`))
  if (breaches.length > shown) lines.push(`  … and ${number(breaches.length - shown)} more`)
  return lines
}

function summary(outcomes: readonly Outcome[]): string {
  const count = (is: (outcome: Outcome) => boolean) => outcomes.filter(is).length
  const broken = count(each => each.breaches.length > 0)
  const failed = count(each => each.failure !== undefined)
  const left = count(each => each.left !== undefined)
  return [
    `${outcomes.length - left - failed} of ${outcomes.length} promises were checked`,
    broken === 0 ? 'none is broken' : `${broken} ${broken === 1 ? 'is' : 'are'} broken`,
    ...(failed > 0 ? [`${failed} could not be checked`] : []),
  ].join(', ')
}

const breachCount = ({ breaches, isCut }: Outcome) =>
  `${isCut ? 'at least ' : ''}${number(breaches.length)} ${breaches.length === 1 ? 'breach' : 'breaches'}`

const number = (value: number) => value.toLocaleString('en')
