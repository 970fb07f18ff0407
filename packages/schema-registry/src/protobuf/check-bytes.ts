import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { ProtobufMisfit } from './protobuf-misfit.ts'

/*
 *     message := (tag value)*
 *     tag     := varint, with the number of the field and three bits for the form of the value
 *
 * The decoder takes the form of a value from the descriptor, and does not look at the tag. Bytes of another schema would give values that
 * nobody wrote, so that they are checked first.
 */

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const GROUP = 3
const END_GROUP = 4
const FIXED32 = 5
const FORM_NAMES = [
  'a varint',
  'eight bytes',
  'text, bytes or a message',
  'a group',
  'the end of a group',
  'four bytes',
]

/** Of messages in messages. */
const MAX_DEPTH = 100

/** @throws ProtobufMisfit */
export type CheckBytes = (bytes: Buffer, start: number, end: number) => void

interface FieldForm {
  readonly name: string
  readonly form: number
  /** Of the elements, if several may be in one value. */
  readonly isPacked: boolean
  readonly message: MessageForm | undefined
}

interface MessageForm {
  readonly fields: ReadonlyMap<number, FieldForm>
}

export function compileCheckBytes(desc: DescMessage): CheckBytes {
  const form = messageForm(desc, new Map())
  return (bytes, start, end) => void checkMessage({ bytes, path: [] }, form, { start, end, group: undefined })
}

function messageForm(desc: DescMessage, made: Map<DescMessage, MessageForm>): MessageForm {
  const known = made.get(desc)
  if (known !== undefined) return known
  const fields = new Map<number, FieldForm>()
  const form: MessageForm = { fields }
  // Before its fields: a message may contain itself.
  made.set(desc, form)
  for (const field of desc.fields) fields.set(field.number, fieldForm(field, made))
  return form
}

function fieldForm(field: DescField, made: Map<DescMessage, MessageForm>): FieldForm {
  const { name } = field
  if (field.fieldKind === 'map') return { name, form: LENGTH, isPacked: false, message: mapForm(field, made) }
  const message = field.message === undefined ? undefined : messageForm(field.message, made)
  if (message !== undefined) {
    const isGroup =
      field.fieldKind !== 'scalar' &&
      field.fieldKind !== 'enum' &&
      'delimitedEncoding' in field &&
      field.delimitedEncoding
    return { name, form: isGroup ? GROUP : LENGTH, isPacked: false, message }
  }
  const form = field.scalar === undefined ? VARINT : scalarForm(field.scalar)
  return { name, form, isPacked: field.fieldKind === 'list' && form !== LENGTH, message: undefined }
}

function mapForm(field: DescField & { fieldKind: 'map' }, made: Map<DescMessage, MessageForm>): MessageForm {
  const message = field.message === undefined ? undefined : messageForm(field.message, made)
  const form = field.scalar === undefined ? (message === undefined ? VARINT : LENGTH) : scalarForm(field.scalar)
  return {
    fields: new Map([
      [1, { name: 'key', form: scalarForm(field.mapKey), isPacked: false, message: undefined }],
      [2, { name: 'value', form, isPacked: false, message }],
    ]),
  }
}

function scalarForm(scalar: ScalarType): number {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return LENGTH
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return FIXED64
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return FIXED32
    default:
      return VARINT
  }
}

interface Place {
  readonly bytes: Buffer
  readonly path: string[]
}

interface Range {
  readonly start: number
  readonly end: number
  /** The number of the group that is being read, which ends before the range does. */
  readonly group: number | undefined
}

/** Returns where the message ends. */
function checkMessage(place: Place, message: MessageForm | undefined, { start, end, group }: Range): number {
  const { bytes, path } = place
  if (path.length > MAX_DEPTH) throw misfit(place, `messages are nested more than ${MAX_DEPTH} times`)
  let position = start
  while (position < end) {
    const tagEnd = skipVarint(place, position, end)
    const number = fieldNumber(bytes, position, tagEnd)
    const form = bytes[position]! & 7
    position = tagEnd
    if (number === undefined) throw misfit(place, 'the bytes have a field number that is not valid')
    if (form === END_GROUP) {
      if (group === number) return position
      throw misfit(place, 'the bytes end a group that has not begun')
    }
    const field = message?.fields.get(number)
    path.push(field?.name ?? String(number))
    position = checkValue(place, { field, form, number }, { position, end })
    path.pop()
  }
  if (group !== undefined) throw misfit(place, 'the bytes end within a group')
  return position
}

function checkValue(
  place: Place,
  { field, form, number }: { readonly field: FieldForm | undefined; readonly form: number; readonly number: number },
  { position, end }: { readonly position: number; readonly end: number },
): number {
  const isPacked = field?.isPacked === true && form === LENGTH
  if (field !== undefined && form !== field.form && !isPacked) {
    throw misfit(
      place,
      `the bytes have ${FORM_NAMES[form] ?? `the form ${form}, which does not exist,`} where the schema needs ${FORM_NAMES[field.form]}`,
    )
  }
  switch (form) {
    case VARINT:
      return skipVarint(place, position, end)
    case FIXED64:
      return skip(place, position, { count: 8, end })
    case FIXED32:
      return skip(place, position, { count: 4, end })
    case GROUP:
      return checkMessage(place, field?.message, { start: position, end, group: number })
    case LENGTH: {
      const from = skipVarint(place, position, end)
      const length = varint(place.bytes, position, from)
      const to = skip(place, from, { count: length, end })
      if (field?.message !== undefined) checkMessage(place, field.message, { start: from, end: to, group: undefined })
      else if (isPacked) checkPacked(place, field.form, { start: from, end: to })
      return to
    }
    default:
      throw misfit(place, `the bytes have the form ${form}, which does not exist`)
  }
}

function checkPacked(
  place: Place,
  form: number,
  { start, end }: { readonly start: number; readonly end: number },
): void {
  const size = form === FIXED64 ? 8 : form === FIXED32 ? 4 : 0
  if (size > 0) {
    if ((end - start) % size !== 0) throw misfit(place, `the list has ${end - start} bytes, and an element has ${size}`)
    return
  }
  for (let position = start; position < end;) position = skipVarint(place, position, end)
}

function skip(
  place: Place,
  position: number,
  { count, end }: { readonly count: number; readonly end: number },
): number {
  if (count > end - position) throw misfit(place, 'the bytes end within the value')
  return position + count
}

function skipVarint(place: Place, position: number, end: number): number {
  for (let at = position; at < end && at < position + 10; at++) if (place.bytes[at]! < 0x80) return at + 1
  throw misfit(place, end - position < 10 ? 'the bytes end within the value' : 'a varint has more than ten bytes')
}

/** Larger than any length if it does not fit into 32 bits. */
function varint(bytes: Buffer, position: number, end: number): number {
  let value = 0
  for (let at = end - 1; at >= position; at--) value = value * 128 + (bytes[at]! & 0x7f)
  return value
}

function fieldNumber(bytes: Buffer, position: number, end: number): number | undefined {
  const number = Math.floor(varint(bytes, position, end) / 8)
  return number < 1 || number > 536_870_911 ? undefined : number
}

function misfit({ path }: Place, reason: string): ProtobufMisfit {
  return new ProtobufMisfit(path.join('.'), reason)
}
