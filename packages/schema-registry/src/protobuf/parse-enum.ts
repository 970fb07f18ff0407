import { parseOptionList, parseOptionStatement } from './parse-option.ts'
import type { ProtoCursor } from './proto-cursor.ts'
import {
  MAX_ENUM_NUMBER,
  type ProtoEnum,
  type ProtoEnumValue,
  type ProtoOption,
  type ProtoRange,
  type ProtoReserved,
} from './proto-file.ts'

const NUMBERS = { least: -MAX_ENUM_NUMBER - 1, most: MAX_ENUM_NUMBER }

/** After its keyword. */
export function parseEnum(cursor: ProtoCursor): ProtoEnum {
  const name = cursor.identifier('the name of an enum')
  const options: ProtoOption[] = []
  const values: ProtoEnumValue[] = []
  const reserved: ProtoReserved[] = []
  cursor.take('{')
  while (!cursor.skip('}')) {
    if (cursor.skip(';')) continue
    if (cursor.isAt('option') && !cursor.isAt('=', 1)) {
      cursor.take('option')
      options.push(parseOptionStatement(cursor))
    } else if (cursor.isAt('reserved') && !cursor.isAt('=', 1)) {
      cursor.take('reserved')
      reserved.push(parseReserved(cursor, NUMBERS))
    } else values.push(parseValue(cursor))
  }
  return { kind: 'enum', name, options, values, reserved }
}

function parseValue(cursor: ProtoCursor): ProtoEnumValue {
  const name = cursor.identifier('the name of a value')
  cursor.take('=')
  const number = cursor.integer(`the number of ${name}`, NUMBERS)
  const options = parseOptionList(cursor)
  cursor.take(';')
  return { name, number, options }
}

/** Numbers, ranges or names, after the keyword. */
export function parseReserved(
  cursor: ProtoCursor,
  limits: { readonly least: number; readonly most: number },
): ProtoReserved {
  if (cursor.peek().kind === 'string' || cursor.peek().kind === 'identifier') {
    const names: string[] = []
    do names.push(cursor.peek().kind === 'string' ? cursor.text('a name') : cursor.identifier('a name'))
    while (cursor.skip(','))
    cursor.take(';')
    return { names }
  }
  const ranges: ProtoRange[] = []
  do {
    const start = cursor.integer('a number', limits)
    const end = !cursor.skip('to') ? start : cursor.skip('max') ? limits.most : cursor.integer('a number', limits)
    ranges.push({ start, end })
  } while (cursor.skip(','))
  cursor.take(';')
  return { ranges }
}
