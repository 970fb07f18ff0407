import { isMillraceError, millraceError, reasonOf, type Serde } from '@millrace/core'

/**
 * A serde for what a store holds already: where its bytes do not decode, the error names the store. It was written with another
 * serde then, by an earlier version of the topology.
 *
 * @param side as a message says it: `key` or `value`
 */
export function storedSerde(serde: Serde<unknown>, store: string, side: string): Serde<unknown> {
  const unreadable = (error: unknown) => {
    // A schema that is on its way says nothing about the bytes.
    if (isMillraceError(error, 'retriable')) return error
    // The codec has said by now which serde it was.
    const reason = isMillraceError(error) ? error.problem : reasonOf(error)
    return millraceError('MILLRACE_STORE_DECODE', { store, side, reason }, { cause: error })
  }
  const { read, write, inner } = serde
  return {
    name: serde.name,
    serialize: (value, topic, headers) => serde.serialize(value, topic, headers),
    deserialize(bytes, topic, headers) {
      try {
        return serde.deserialize(bytes, topic, headers)
      } catch (error) {
        throw unreadable(error)
      }
    },
    ...(read !== undefined && {
      read(bytes: Buffer, start: number, end: number) {
        try {
          return read(bytes, start, end)
        } catch (error) {
          throw unreadable(error)
        }
      },
    }),
    ...(write !== undefined && { write }),
    ...(serde.immutable !== undefined && { immutable: serde.immutable }),
    ...(serde.transparent !== undefined && { transparent: serde.transparent }),
    ...(inner !== undefined && { inner }),
  }
}
