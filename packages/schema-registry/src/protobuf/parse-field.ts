import { parseOptionList } from './parse-option.ts'
import type { ProtoCursor } from './proto-cursor.ts'
import { MAX_FIELD_NUMBER, type ProtoField, type ProtoMessage } from './proto-file.ts'

const LABELS = ['optional', 'required', 'repeated'] as const
const NUMBERS = { least: 1, most: MAX_FIELD_NUMBER }

/** @param parseGroup reads the body of the message that a group declares */
export function parseField(
  cursor: ProtoCursor,
  oneof: string | undefined,
  parseGroup: (name: string) => ProtoMessage,
): ProtoField {
  const label = LABELS.find(one => cursor.skip(one))
  if (label !== undefined && oneof !== undefined)
    throw cursor.problem(`a field of the oneof ${oneof} cannot be ${label}`)
  if (cursor.isAt('group') && cursor.peek(1).kind === 'identifier' && cursor.isAt('=', 2)) {
    cursor.next()
    return parseGroupField(cursor, { label, oneof, parseGroup })
  }
  const type = cursor.path('the type of a field')
  const name = cursor.identifier('the name of a field')
  cursor.take('=')
  const number = cursor.integer(`the number of ${name}`, NUMBERS)
  const options = parseOptionList(cursor)
  cursor.take(';')
  return { label, type, map: undefined, group: undefined, name, number, options, oneof }
}

function parseGroupField(
  cursor: ProtoCursor,
  how: {
    readonly label: ProtoField['label']
    readonly oneof: string | undefined
    readonly parseGroup: (name: string) => ProtoMessage
  },
): ProtoField {
  const type = cursor.identifier('the name of a group')
  if (!/^[A-Z]/.test(type)) throw cursor.problem(`the name of the group ${type} must begin with a capital letter`)
  cursor.take('=')
  const number = cursor.integer(`the number of ${type}`, NUMBERS)
  const options = parseOptionList(cursor)
  const group = how.parseGroup(type)
  return { label: how.label, type, map: undefined, group, name: type.toLowerCase(), number, options, oneof: how.oneof }
}

export function parseMapField(cursor: ProtoCursor): ProtoField {
  cursor.take('map')
  cursor.take('<')
  const key = cursor.path('the type of the keys')
  cursor.take(',')
  const value = cursor.path('the type of the values')
  cursor.take('>')
  const name = cursor.identifier('the name of a field')
  cursor.take('=')
  const number = cursor.integer(`the number of ${name}`, NUMBERS)
  const options = parseOptionList(cursor)
  cursor.take(';')
  return { label: undefined, type: '', map: { key, value }, group: undefined, name, number, options, oneof: undefined }
}
