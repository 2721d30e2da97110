/** Says how far a long command is: one line of the terminal, written over and over; nothing where nobody looks. '' takes it away. */
export function tellProgress(line: string): void {
  if (!process.stderr.isTTY) return
  process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`)
}
