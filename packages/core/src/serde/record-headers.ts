import type { Headers } from '../record/headers.ts'
import type { Serde } from './serde.ts'

/** Whether the serde has to do with the headers of the records that it writes. */
export function touchesHeaders(serde: Pick<Serde<unknown>, 'headerKeys' | 'serializeRecord'>): boolean {
  return serde.headerKeys !== undefined || serde.serializeRecord !== undefined
}

/** The headers of a record without those that belong to a serde, and with those that it has written now. */
export function withRecordHeaders(headers: Headers, keys: readonly string[] | undefined, added: Headers): Headers {
  const others = keys === undefined || headers.length === 0 ? headers : headers.filter(({ key }) => !keys.includes(key))
  return added.length === 0 ? others : [...others, ...added]
}
