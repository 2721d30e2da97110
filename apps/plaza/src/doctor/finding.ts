/** What was looked at, how it is, and what to do about it when it is not well. */
export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly what: string
  readonly advice?: string
}

/** Well, or to be put right. */
export const check = (isWell: boolean, what: string, advice: string): Finding =>
  isWell ? { state: 'ok', what } : { state: 'fail', what, advice }

const marks = { ok: '✓', warn: '!', fail: '✗' } as const

/** A line for each, with the advice below those that need it, and what it comes to. */
export function report(findings: readonly Finding[]): string {
  const lines = findings.map(({ state, what, advice }) => {
    const below = advice === undefined ? '' : `\n    ${advice}`
    return `${marks[state]} ${state.padEnd(4)} ${what}${below}`
  })
  const wrong = findings.filter(each => each.state !== 'ok').length
  const sum = wrong === 0 ? 'All is well.' : `${wrong} of ${findings.length} need attention.`
  return [...lines, '', sum].join('\n')
}
