/** Freezes a row and what is in it, so that callers who share it cannot change it for each other. Dates and buffers cannot be frozen. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (ArrayBuffer.isView(value) || value instanceof Date) return value
  for (const key in value) {
    const inner = value[key]
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  }
  return Object.freeze(value)
}
