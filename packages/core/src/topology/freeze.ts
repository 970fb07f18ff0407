/**
 * Freezes plain objects and lists all the way down. What the user gave by reference stays as it is: functions, serdes
 * and anything with a prototype of its own.
 */
export function deepFreeze<T>(value: T): T {
  if (!isOwnData(value) || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
  return value
}

function isOwnData(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) return false
  return !('serialize' in value)
}
