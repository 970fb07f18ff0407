import type { StoreCodec } from '../format/store-codec.ts'

/** An entry as operators see it: with a key of their own, so that one who changes it changes nothing in the store. */
export function withOwnKey<Entry extends { readonly key: unknown }>(entry: Entry, codec: StoreCodec): Entry {
  const key = codec.keptKey(entry.key)
  return key === entry.key ? entry : (Object.create(entry, { key: { value: key, enumerable: true } }) as Entry)
}
