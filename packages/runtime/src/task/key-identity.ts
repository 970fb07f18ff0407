import { comparesAsValue, type Serde } from '@millrace/core'

/** A text that two keys share when they are the same key: by their bytes where the serde is known. */
export function keyIdentity(key: unknown, serde: Serde<unknown> | undefined): string {
  if (key === null || key === undefined) return 'null'
  if (serde !== undefined && !comparesAsValue(serde)) return Buffer.from(serde.serialize(key, '')).toString('latin1')
  if (typeof key === 'string') return `"${key}`
  if (key instanceof Uint8Array) return Buffer.from(key).toString('latin1')
  if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return `${typeof key} ${key}`
  return jsonOf(key)
}

/** A key for people to read. */
export function showKey(key: unknown): string {
  try {
    return key instanceof Uint8Array ? `0x${Buffer.from(key).toString('hex')}` : jsonOf(key)
  } catch {
    // A cycle, a getter that throws, or a proxy that was revoked.
    return 'a key that cannot be shown'
  }
}

function jsonOf(key: unknown): string {
  const withBigInts = (_name: string, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner)
  return JSON.stringify(key, withBigInts) ?? String(key)
}
