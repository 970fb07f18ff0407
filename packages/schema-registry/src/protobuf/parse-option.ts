import type { OptionValue, ProtoOption } from './proto-file.ts'
import { ProtoCursor } from './proto-cursor.ts'

/** Of messages in the values of options. */
const MAX_DEPTH = 64

/** `option NAME = VALUE;`, after its keyword. */
export function parseOptionStatement(cursor: ProtoCursor): ProtoOption {
  const option = parseOption(cursor)
  cursor.take(';')
  return option
}

/** `[NAME = VALUE, …]`, if there is one. */
export function parseOptionList(cursor: ProtoCursor): readonly ProtoOption[] {
  if (!cursor.skip('[')) return []
  const options = [parseOption(cursor)]
  while (cursor.skip(',')) options.push(parseOption(cursor))
  cursor.take(']')
  return options
}

function parseOption(cursor: ProtoCursor): ProtoOption {
  const name: { text: string; isExtension: boolean }[] = []
  do {
    if (cursor.skip('(')) {
      name.push({ text: cursor.path('the name of an option'), isExtension: true })
      cursor.take(')')
    } else {
      name.push({ text: cursor.identifier('the name of an option'), isExtension: false })
    }
  } while (cursor.skip('.'))
  cursor.take('=')
  const value = cursor.skip('{') ? parseMessage(cursor, '}', 1) : parseScalar(cursor)
  return { name, value }
}

function parseScalar(cursor: ProtoCursor): OptionValue {
  if (cursor.peek().kind === 'string') return { kind: 'string', bytes: cursor.string('a value') }
  const isNegative = cursor.skip('-')
  const token = cursor.peek()
  switch (token.kind) {
    case 'integer':
      cursor.next()
      return {
        kind: 'integer',
        value: isNegative ? -token.value : token.value,
        ...(/^0./.test(token.text) && { isDecimal: false }),
      }
    case 'float':
      cursor.next()
      return { kind: 'float', value: isNegative ? -token.value : token.value }
    case 'identifier':
      if (isNegative && token.text !== 'inf' && token.text !== 'nan') throw cursor.expected('a number')
      cursor.next()
      return isNegative
        ? { kind: 'float', value: token.text === 'inf' ? -Infinity : Number.NaN }
        : { kind: 'identifier', text: token.text }
    default:
      throw cursor.expected('a value')
  }
}

/** The text format of a message, without its braces. */
export function parseMessageText(text: string): OptionValue {
  return parseMessage(new ProtoCursor(`${text}}`), '}', 1)
}

/** The text format of messages, after its opening brace. */
function parseMessage(cursor: ProtoCursor, end: '}' | '>', depth: number): OptionValue {
  if (depth > MAX_DEPTH) throw cursor.problem(`the value of an option is nested more than ${MAX_DEPTH} times`)
  const fields: { name: string; value: OptionValue }[] = []
  while (!cursor.skip(end)) {
    const name = cursor.isAt('[') ? bracketedName(cursor) : cursor.identifier('the name of a field')
    const hasColon = cursor.skip(':')
    if (!hasColon && !cursor.isAt('{') && !cursor.isAt('<') && !cursor.isAt('[')) throw cursor.expected('":"')
    fields.push({ name, value: parseFieldValue(cursor, depth) })
    if (!cursor.skip(',')) cursor.skip(';')
  }
  return { kind: 'message', fields }
}

function parseFieldValue(cursor: ProtoCursor, depth: number): OptionValue {
  if (cursor.skip('{')) return parseMessage(cursor, '}', depth + 1)
  if (cursor.skip('<')) return parseMessage(cursor, '>', depth + 1)
  if (!cursor.skip('[')) return parseScalar(cursor)
  if (depth > MAX_DEPTH) throw cursor.problem(`the value of an option is nested more than ${MAX_DEPTH} times`)
  const items: OptionValue[] = []
  if (cursor.skip(']')) return { kind: 'list', items }
  do items.push(parseFieldValue(cursor, depth + 1))
  while (cursor.skip(','))
  cursor.take(']')
  return { kind: 'list', items }
}

/** `[shop.tag]`, or `[type.googleapis.com/shop.Order]`. */
function bracketedName(cursor: ProtoCursor): string {
  cursor.take('[')
  let name = cursor.path('a name')
  while (cursor.skip('/')) name += `/${cursor.path('a name')}`
  cursor.take(']')
  return `[${name}]`
}
