import type { LinkedProto } from './link-proto.ts'
import { joined } from './link-proto.ts'
import type { ProtoMessage, ProtoType } from './proto-file.ts'

/*
 * Confluent's wire format says which message of the schema a record has:
 *
 *     indexes := 0                      the first message of the file
 *     indexes := count index*           from the outermost message to the message itself
 *
 * Numbers are varints with zigzag. A reader must also take `1 0` for the first message.
 */

/** Messages are never nested deeper. */
const MOST_INDEXES = 64
/** Of a varint of 32 bits. */
const MOST_BYTES = 5

export interface ReadIndexes {
  readonly indexes: readonly number[]
  /** After the indexes. */
  readonly end: number
}

/** @returns a reason if there are no indexes */
export function readMessageIndexes(bytes: Buffer, start: number): ReadIndexes | string {
  const first = readVarint(bytes, start)
  if (typeof first === 'string') return first
  let { end } = first
  if (first.value === 0) return { indexes: [0], end }
  if (first.value < 0 || first.value > MOST_INDEXES) return `the record has ${first.value} message indexes`
  const indexes: number[] = []
  while (indexes.length < first.value) {
    const next = readVarint(bytes, end)
    if (typeof next === 'string') return next
    indexes.push(next.value)
    end = next.end
  }
  return { indexes, end }
}

function readVarint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } | string {
  let value = 0
  for (let count = 0; count < MOST_BYTES; count++) {
    const byte = bytes[start + count]
    if (byte === undefined) return 'the bytes end within the message indexes'
    // The fifth byte has four bits.
    if (count === MOST_BYTES - 1 && byte > 0x0f) break
    value |= (byte & 0x7f) << (7 * count)
    if (byte < 0x80) return { value: (value >>> 1) ^ -(value & 1), end: start + count + 1 }
  }
  return 'a message index is longer than 32 bits'
}

export function writeMessageIndexes(indexes: readonly number[]): Buffer {
  if (indexes.length === 1 && indexes[0] === 0) return Buffer.of(0)
  return Buffer.concat([indexes.length, ...indexes].map(writeVarint))
}

function writeVarint(value: number): Buffer {
  const bytes: number[] = []
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.of(...bytes, rest)
}

/** The full name of the message at the indexes, or a reason why there is none. */
export function messageAt(linked: LinkedProto, indexes: readonly number[]): { readonly fullName: string } | string {
  let types: readonly ProtoType[] = linked.file.types
  let fullName = linked.package
  for (const index of indexes) {
    const messages: readonly ProtoMessage[] = types.filter(type => type.kind === 'message')
    const found = messages[index]
    if (found === undefined) {
      const where = fullName === linked.package ? 'the schema' : `the message ${fullName}`
      return `the record has the message index ${index}, and ${where} has ${messages.length} messages`
    }
    fullName = joined(fullName, found.name)
    types = found.types
  }
  return { fullName }
}

/** The indexes of a message, or undefined if the file does not have it. */
export function indexesOf(linked: LinkedProto, fullName: string): readonly number[] | undefined {
  const prefix = linked.package === '' ? '' : `${linked.package}.`
  if (!fullName.startsWith(prefix)) return undefined
  const indexes: number[] = []
  let types: readonly ProtoType[] = linked.file.types
  for (const name of fullName.slice(prefix.length).split('.')) {
    const messages: readonly ProtoMessage[] = types.filter(type => type.kind === 'message')
    const index = messages.findIndex(message => message.name === name)
    if (index < 0) return undefined
    indexes.push(index)
    types = messages[index]!.types
  }
  return indexes
}
