/** A key or value as text that tells two apart: by its own `toString` where its class has one, otherwise as JSON. */
export function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Uint8Array) return `0x${Array.from(value, byte => byte.toString(16).padStart(2, '0')).join('')}`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString()
  // The own method of a plain object or of its class, not that of Object, which gives [object Object].
  const { toString } = value as { toString(): string }
  if (!Array.isArray(value) && toString !== Object.prototype.toString) return toString.call(value)
  return JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}
