/** The day of a moment, in UTC: `2026-01-31`. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10)
}

/** Whether the calendar has this day; `text` has the form of one. The year 0 is none to PostgreSQL. */
export function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && dayOf(at) === text && !text.startsWith('0000')
}
