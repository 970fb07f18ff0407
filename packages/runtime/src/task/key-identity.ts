import { comparesAsValue, type Serde } from '@millrace/core'

/** A text that two keys share when they are the same key: by their bytes where the serde is known. */
export function keyIdentity(key: unknown, serde: Serde<unknown> | undefined): string {
  if (key === null || key === undefined) return 'null'
  if (serde !== undefined && !comparesAsValue(serde)) return Buffer.from(serde.serialize(key, '')).toString('latin1')
  if (typeof key === 'string') return `"${key}`
  if (key instanceof Uint8Array) return Buffer.from(key).toString('latin1')
  if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return `${typeof key} ${key}`
  return showKey(key)
}

/** A key for people to read. */
export function showKey(key: unknown): string {
  const withBigInts = (_name: string, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner)
  return key instanceof Uint8Array
    ? `0x${Buffer.from(key).toString('hex')}`
    : (JSON.stringify(key, withBigInts) ?? String(key))
}
