import { NO_HEADERS, type Header, type Headers } from '@millrace/core'
import type { IHeaders } from 'kafkajs'

/**
 * Headers as kafkajs decodes them: an object, in which several headers of one key are a list. The order among headers of
 * one key is kept; the order among different keys is that of each key's first header, and keys that look like array
 * indices come first, as in any JavaScript object.
 */
export type KafkajsHeaders = Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>

type HeaderValue = Buffer | string | null

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

export function fromKafkajsHeaders(headers: KafkajsHeaders): Headers {
  const list: Header[] = []
  for (const key of Object.keys(headers)) {
    const value = headers[key]
    // To kafkajs, a key that every object has ("constructor") seems to be there already: what was there is no header.
    if (isList(value)) for (const each of value) push(list, key, each)
    else push(list, key, value)
  }
  return list.length === 0 ? NO_HEADERS : list
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

function isList(value: HeaderValue | readonly HeaderValue[] | undefined): value is readonly HeaderValue[] {
  return Array.isArray(value)
}

function push(list: Header[], key: string, value: HeaderValue | undefined): void {
  if (value === null) list.push({ key, value })
  else if (typeof value === 'string') list.push({ key, value: Buffer.from(value) })
  else if (Buffer.isBuffer(value)) list.push({ key, value })
}
