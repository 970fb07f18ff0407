import { aBoolean, aSerde, optional, optionsOf } from '../arguments/check.ts'
import { checkArguments } from '../arguments/checked-methods.ts'
import { readInt32, writeInt32 } from '../record/big-endian.ts'
import type { ByteSink } from '../record/byte-sink.ts'
import type { Headers } from '../record/headers.ts'
import { viewBytes } from '../record/byte-arrays.ts'
import { collect, type InPlaceSerde } from './in-place-serde.ts'
import { madeOf } from './same-serde.ts'
import type { Serde } from './serde.ts'
import { decodeError, encodeError } from './serde-errors.ts'
import { prepareOf } from './not-ready.ts'

/*
 * Kafka's ListSerde, as a list of ArrayList:
 *
 *   list     := constant | variable
 *   constant := 0:int8 nullCount:int32 nullIndex:int32*nullCount count:int32 element*(count - nullCount)
 *   variable := 1:int8 count:int32 (length:int32 element)*count
 *
 *   count includes the nulls; in a variable list they have length -1 and no bytes. The constant form is written for
 *   elements that always have one size: numbers and UUIDs.
 */
const CONSTANT = 0
const VARIABLE = 1

/** How an element is written and read: by the hot path of its serde, or with topic and headers. */
interface ElementCodec<T> {
  readonly write: (value: T, sink: ByteSink) => void
  readonly read: (bytes: Buffer, start: number, end: number) => T
}

/**
 * Lists, in the bytes of Kafka's `ListSerde` for `ArrayList`.
 *
 * @throws MILLRACE_SERDE_DECODE when lengths do not fit the bytes, or for a null element without `nullable`
 */
export function list<T>(inner: Serde<T>, options: { readonly nullable: true }): Serde<(T | null)[]>
export function list<T>(inner: Serde<T>, options?: { readonly nullable?: false }): Serde<T[]>
export function list<T>(inner: Serde<T>, options: { readonly nullable?: boolean } = {}): Serde<(T | null)[]> {
  const arguments_ = [
    ['inner', aSerde],
    ['options', optionsOf({ nullable: optional(aBoolean) })],
  ] as const
  checkArguments('list', arguments_, [inner, options])
  const name = `list(${inner.name})`
  const nullable = options.nullable ?? false
  const constantSize = (inner as Partial<InPlaceSerde<T>>).constantSize
  const checkNull = (value: T | null, refused: typeof encodeError): void => {
    if (value === null && !nullable) throw refused(name, 'an element is null: use list(inner, { nullable: true })')
  }

  const writeList = (values: readonly (T | null)[], sink: ByteSink, element: ElementCodec<T>): void => {
    if (!Array.isArray(values)) throw encodeError(name, 'the value is not an array')
    for (const value of values) checkNull(value, encodeError)
    if (constantSize === undefined) writeVariable(values, sink, element)
    else writeConstant(values, sink, element)
  }

  const readList = (bytes: Buffer, start: number, end: number, element: ElementCodec<T>): (T | null)[] => {
    const reader = new ListReader(name, bytes, start, end)
    const strategy = reader.byte()
    if (strategy !== CONSTANT && strategy !== VARIABLE)
      throw decodeError(name, `the strategy is ${strategy}, neither 0 nor 1`)
    if (strategy === CONSTANT && constantSize === undefined) {
      throw decodeError(name, `its elements have no lengths, and ${inner.name} has no constant size`)
    }
    const values = strategy === CONSTANT ? readConstant(reader, element, constantSize!) : readVariable(reader, element)
    for (const value of values) checkNull(value, decodeError)
    return values
  }

  const { read } = inner
  const inPlace = read && inner.write && { read, write: (value: T, sink: ByteSink) => inner.write!(value, sink) }
  const withTopic = (topic: string, headers: Headers | undefined): ElementCodec<T> =>
    inPlace ?? {
      write: (value, sink) => sink.append(inner.serialize(value, topic, headers)),
      read: (bytes, start, end) => inner.deserialize(bytes.subarray(start, end), topic, headers),
    }
  const serde: Serde<(T | null)[]> = {
    name,
    ...prepareOf(inner),
    serialize: (values, topic, headers) => collect(sink => writeList(values, sink, withTopic(topic, headers))),
    deserialize: (bytes, topic, headers) => readList(viewBytes(bytes), 0, bytes.length, withTopic(topic, headers)),
    ...(inPlace && {
      read: (bytes: Buffer, start: number, end: number) => readList(bytes, start, end, inPlace),
      write: (values: readonly (T | null)[], sink: ByteSink) => writeList(values, sink, inPlace),
    }),
  }
  return madeOf(serde, list, inner, nullable)
}

function writeConstant<T>(values: readonly (T | null)[], sink: ByteSink, element: ElementCodec<T>): void {
  const nulls: number[] = []
  values.forEach((value, index) => value === null && nulls.push(index))
  appendByte(sink, CONSTANT)
  appendInt32(sink, nulls.length)
  for (const index of nulls) appendInt32(sink, index)
  appendInt32(sink, values.length)
  for (const value of values) if (value !== null) element.write(value, sink)
}

function writeVariable<T>(values: readonly (T | null)[], sink: ByteSink, element: ElementCodec<T>): void {
  appendByte(sink, VARIABLE)
  appendInt32(sink, values.length)
  for (const value of values) {
    const lengthAt = sink.position
    appendInt32(sink, -1)
    if (value === null) continue
    element.write(value, sink)
    writeInt32(sink.buffer, lengthAt, sink.position - lengthAt - 4)
  }
}

function appendByte(sink: ByteSink, value: number): void {
  sink.reserve(1)
  sink.buffer[sink.position++] = value
}

function appendInt32(sink: ByteSink, value: number): void {
  sink.reserve(4)
  writeInt32(sink.buffer, sink.position, value)
  sink.position += 4
}

function readConstant<T>(reader: ListReader, element: ElementCodec<T>, size: number): (T | null)[] {
  const nullCount = reader.count(4)
  const nulls: number[] = []
  for (let i = 0; i < nullCount; i++) nulls.push(reader.int32())
  const count = reader.count(0)
  reader.check((count - nullCount) * size)
  const isNull = nullCount === 0 ? undefined : new Set(nulls)
  const values: (T | null)[] = []
  for (let i = 0; i < count; i++) values.push(isNull?.has(i) ? null : reader.element(element, size))
  return values
}

function readVariable<T>(reader: ListReader, element: ElementCodec<T>): (T | null)[] {
  const count = reader.count(4)
  const values: (T | null)[] = []
  for (let i = 0; i < count; i++) {
    const length = reader.int32()
    values.push(length === -1 ? null : reader.element(element, length))
  }
  return values
}

/** A position in a list's bytes that never leaves them. */
class ListReader {
  readonly #name: string
  readonly #bytes: Buffer
  readonly #end: number
  #position: number

  constructor(name: string, bytes: Buffer, start: number, end: number) {
    this.#name = name
    this.#bytes = bytes
    this.#position = start
    this.#end = end
  }

  byte(): number {
    this.check(1)
    return this.#bytes[this.#position++]!
  }

  int32(): number {
    this.check(4)
    this.#position += 4
    return readInt32(this.#bytes, this.#position - 4)
  }

  /** A number of things of at least `size` bytes each, so that damaged bytes cannot ask for a giant array. */
  count(size: number): number {
    const count = this.int32()
    if (count < 0) throw decodeError(this.#name, `a count is ${count}`)
    this.check(count * size)
    return count
  }

  element<T>(element: ElementCodec<T>, length: number): T {
    if (length < 0) throw decodeError(this.#name, `the length of an element is ${length}`)
    this.check(length)
    this.#position += length
    return element.read(this.#bytes, this.#position - length, this.#position)
  }

  check(needed: number): void {
    const left = this.#end - this.#position
    if (needed > left) throw decodeError(this.#name, `${needed} bytes were expected where ${left} are left`)
  }
}
