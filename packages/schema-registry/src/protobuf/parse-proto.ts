import { parseEnum, parseReserved } from './parse-enum.ts'
import { parseField, parseMapField } from './parse-field.ts'
import { parseOptionList, parseOptionStatement } from './parse-option.ts'
import { ProtoCursor } from './proto-cursor.ts'
import {
  MAX_FIELD_NUMBER,
  type ProtoExtend,
  type ProtoExtensionRanges,
  type ProtoField,
  type ProtoFile,
  type ProtoImport,
  type ProtoMessage,
  type ProtoMethod,
  type ProtoOneof,
  type ProtoOption,
  type ProtoRange,
  type ProtoReserved,
  type ProtoService,
  type ProtoType,
} from './proto-file.ts'

/** Of messages in messages: protoc has the same limit. */
const MAX_DEPTH = 32

/**
 * Parses the text of a .proto file: its grammar, not what its names mean.
 * @throws ProtoProblem
 */
export function parseProto(text: string): ProtoFile {
  const cursor = new ProtoCursor(text)
  const { syntax, hasSyntax, edition } = parseSyntax(cursor)
  let packageName: string | undefined
  const imports: ProtoImport[] = []
  const options: ProtoOption[] = []
  const types: ProtoType[] = []
  const extensions: ProtoExtend[] = []
  const services: ProtoService[] = []
  const scope = { syntax, types }
  while (cursor.peek().kind !== 'end') {
    if (cursor.skip(';')) continue
    if (cursor.skip('package')) {
      if (packageName !== undefined) throw cursor.problem('the file has two packages')
      packageName = cursor.path('the name of a package')
      cursor.take(';')
    } else if (cursor.skip('import')) imports.push(parseImport(cursor))
    else if (cursor.skip('option')) options.push(parseOptionStatement(cursor))
    else if (cursor.skip('message')) types.push(parseMessage(cursor, { syntax, depth: 1 }))
    else if (cursor.skip('enum')) types.push(parseEnum(cursor))
    else if (cursor.skip('extend')) extensions.push(parseExtend(cursor, { ...scope, depth: 1 }))
    else if (cursor.skip('service')) services.push(parseService(cursor))
    else throw cursor.expected('a message, enum, service, extend, import, option or package')
  }
  return { syntax, hasSyntax, edition, package: packageName, imports, options, types, extensions, services }
}

function parseSyntax(cursor: ProtoCursor): Pick<ProtoFile, 'syntax' | 'hasSyntax' | 'edition'> {
  const word = cursor.isAt('syntax') || cursor.isAt('edition') ? cursor.peek().text : undefined
  if (word === undefined) return { syntax: 'proto2', hasSyntax: false, edition: undefined }
  cursor.next()
  cursor.take('=')
  const value = cursor.text(`the ${word}`)
  if (word === 'edition') {
    if (value !== '2023') throw cursor.problem(`the edition ${JSON.stringify(value)} is not supported, only "2023"`)
    cursor.take(';')
    return { syntax: 'editions', hasSyntax: true, edition: value }
  }
  if (value !== 'proto2' && value !== 'proto3') throw cursor.problem(`there is no syntax ${JSON.stringify(value)}`)
  cursor.take(';')
  return { syntax: value, hasSyntax: true, edition: undefined }
}

function parseImport(cursor: ProtoCursor): ProtoImport {
  const kind = cursor.skip('public') ? 'public' : cursor.skip('weak') ? 'weak' : 'plain'
  const path = cursor.text('the path of an import')
  cursor.take(';')
  return { path, kind }
}

/** What a message stands in. */
interface Around {
  readonly syntax: ProtoFile['syntax']
  readonly depth: number
}

/** After its keyword. */
function parseMessage(cursor: ProtoCursor, around: Around): ProtoMessage {
  return parseMessageBody(cursor, cursor.identifier('the name of a message'), around)
}

function parseMessageBody(cursor: ProtoCursor, name: string, { syntax, depth }: Around): ProtoMessage {
  if (depth > MAX_DEPTH) throw cursor.problem(`messages are nested more than ${MAX_DEPTH} times`)
  const options: ProtoOption[] = []
  const fields: ProtoField[] = []
  const oneofs: ProtoOneof[] = []
  const types: ProtoType[] = []
  const extensions: ProtoExtend[] = []
  const extensionRanges: ProtoExtensionRanges[] = []
  const reserved: ProtoReserved[] = []
  const inner = { syntax, types, depth: depth + 1 }
  cursor.take('{')
  while (!cursor.skip('}')) {
    if (cursor.skip(';')) continue
    if (cursor.skip('message')) types.push(parseMessage(cursor, inner))
    else if (cursor.skip('enum')) types.push(parseEnum(cursor))
    else if (cursor.skip('extend')) extensions.push(parseExtend(cursor, inner))
    else if (cursor.skip('extensions')) extensionRanges.push(parseExtensionRanges(cursor))
    else if (cursor.skip('reserved')) reserved.push(parseReserved(cursor, { least: 1, most: MAX_FIELD_NUMBER }))
    else if (cursor.skip('option')) options.push(parseOptionStatement(cursor))
    else if (cursor.skip('oneof')) parseOneof(cursor, { oneofs, fields, inner })
    else fields.push(parseMember(cursor, undefined, inner))
  }
  return { kind: 'message', name, options, fields, oneofs, types, extensions, extensionRanges, reserved }
}

/** Where a field is declared: a group also declares a type there. */
interface FieldScope extends Around {
  readonly types: ProtoType[]
}

function parseMember(cursor: ProtoCursor, oneof: string | undefined, scope: FieldScope): ProtoField {
  if (cursor.isAt('map') && cursor.isAt('<', 1)) {
    if (oneof !== undefined) throw cursor.problem(`a map cannot be in the oneof ${oneof}`)
    return parseMapField(cursor)
  }
  return parseField(cursor, oneof, name => {
    const group = parseMessageBody(cursor, name, scope)
    scope.types.push(group)
    return group
  })
}

function parseOneof(
  cursor: ProtoCursor,
  into: { readonly oneofs: ProtoOneof[]; readonly fields: ProtoField[]; readonly inner: FieldScope },
): void {
  const name = cursor.identifier('the name of a oneof')
  const options: ProtoOption[] = []
  cursor.take('{')
  while (!cursor.skip('}')) {
    if (cursor.skip(';')) continue
    if (cursor.skip('option')) options.push(parseOptionStatement(cursor))
    else into.fields.push(parseMember(cursor, name, into.inner))
  }
  into.oneofs.push({ name, options })
}

function parseExtend(cursor: ProtoCursor, scope: FieldScope): ProtoExtend {
  const extendee = cursor.path('the name of a message')
  const fields: ProtoField[] = []
  cursor.take('{')
  while (!cursor.skip('}')) {
    if (cursor.skip(';')) continue
    if (cursor.isAt('map') && cursor.isAt('<', 1)) throw cursor.problem('an extension cannot be a map')
    fields.push(parseMember(cursor, undefined, scope))
  }
  if (fields.length === 0) throw cursor.problem(`extend ${extendee} has no field`)
  return { extendee, fields }
}

function parseExtensionRanges(cursor: ProtoCursor): ProtoExtensionRanges {
  const limits = { least: 1, most: MAX_FIELD_NUMBER }
  const ranges: ProtoRange[] = []
  do {
    const start = cursor.integer('a field number', limits)
    const end = !cursor.skip('to') ? start : cursor.skip('max') ? limits.most : cursor.integer('a field number', limits)
    ranges.push({ start, end })
  } while (cursor.skip(','))
  const options = parseOptionList(cursor)
  cursor.take(';')
  return { ranges, options }
}

function parseService(cursor: ProtoCursor): ProtoService {
  const name = cursor.identifier('the name of a service')
  const options: ProtoOption[] = []
  const methods: ProtoMethod[] = []
  cursor.take('{')
  while (!cursor.skip('}')) {
    if (cursor.skip(';')) continue
    if (cursor.skip('option')) options.push(parseOptionStatement(cursor))
    else {
      cursor.take('rpc')
      methods.push(parseMethod(cursor))
    }
  }
  return { name, options, methods }
}

function parseMethod(cursor: ProtoCursor): ProtoMethod {
  const name = cursor.identifier('the name of a method')
  const input = parseMethodType(cursor)
  cursor.take('returns')
  const output = parseMethodType(cursor)
  const options: ProtoOption[] = []
  if (cursor.skip('{')) {
    while (!cursor.skip('}')) {
      if (cursor.skip(';')) continue
      cursor.take('option')
      options.push(parseOptionStatement(cursor))
    }
    cursor.skip(';')
  } else cursor.take(';')
  const streams = { streamsInput: input.streams, streamsOutput: output.streams }
  return { name, input: input.type, output: output.type, ...streams, options }
}

function parseMethodType(cursor: ProtoCursor): { readonly type: string; readonly streams: boolean } {
  cursor.take('(')
  const streams = cursor.isAt('stream') && !cursor.isAt(')', 1) && !cursor.isAt('.', 1) && cursor.skip('stream')
  const type = cursor.path('the name of a message')
  cursor.take(')')
  return { type, streams }
}
