import type { Headers } from '@millrace/core'
import type { IHeaders } from 'kafkajs'

/**
 * Headers for a message of kafkajs, which takes an object and writes the headers of a key that holds a list as
 * `list.map(value => ({ key, value }))`. So there is one key, and its list gives all headers, in their order.
 */
export function toKafkajsHeaders(headers: Headers): IHeaders | undefined {
  if (headers.length === 0) return undefined
  const copies = headers.map(({ key, value }) => ({ key, value: value === null ? null : Buffer.from(value) }))
  const list = Object.assign([], {
    map: () => copies.map(({ key, value }) => (value === null ? nullHeader(key) : { key, value })),
  })
  return { all: list }
}

/** kafkajs measures a value with a function that refuses null before it looks whether it is null. */
function nullHeader(key: string) {
  let measured = false
  return {
    key,
    get value() {
      if (measured) return null
      measured = true
      return ''
    },
  }
}
