/** A failed start or command in words for whoever typed it: the message, its causes, and no stack unless it is our bug. */
export function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return `Plaza failed: ${String(error)}`
  const causes: string[] = []
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    causes.push(`  because: ${cause.message}`)
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError
  return [`Plaza: ${error.message}`, ...causes, ...(isBug ? [String(error.stack)] : [])].join('\n')
}
