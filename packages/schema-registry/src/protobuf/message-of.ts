import { create, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf'
import { hiddenBy } from '../avro/value-form.ts'
import { ProtobufMisfit } from './protobuf-misfit.ts'

/**
 * A message of a value that may be a plain object. `create` leaves out what it does not know: here it is an error.
 * @throws ProtobufMisfit
 */
export function messageOf(desc: DescMessage, value: unknown): Message {
  if (typeof value === 'object' && value !== null && '$typeName' in value) return value as Message
  checkNames(desc, value, [])
  try {
    return create(desc, value as never)
  } catch (cause) {
    throw new ProtobufMisfit('', `the value is not a message ${desc.typeName} (${String(cause)})`)
  }
}

function checkNames(desc: DescMessage, value: unknown, path: readonly string[]): void {
  if (typeof value !== 'object' || value === null || '$typeName' in value) {
    if (path.length > 0 || (typeof value === 'object' && value !== null)) return
    throw new ProtobufMisfit('', `${String(value)} is not a message ${desc.typeName}`)
  }
  refuseHidden(value, `a message ${desc.typeName}`, path)
  for (const [name, inner] of Object.entries(value)) {
    const at = [...path, name]
    const member = desc.members.find(one => one.localName === name)
    if (member === undefined) throw new ProtobufMisfit(at.join('.'), `the message ${desc.typeName} has no such field`)
    if (member.kind === 'field') checkField(member, inner, at)
    else if (typeof inner === 'object' && inner !== null && 'case' in inner && inner.case !== undefined) {
      const chosen = member.fields.find(({ localName }) => localName === inner.case)
      if (chosen === undefined)
        throw new ProtobufMisfit(at.join('.'), `the case ${JSON.stringify(inner.case)} does not exist`)
      checkField(chosen, 'value' in inner ? inner.value : undefined, [...at, chosen.localName])
    }
  }
}

/** `create` takes a Map and an array for an object without members. */
function refuseHidden(value: object, needed: string, path: readonly string[]): void {
  const name = Array.isArray(value) ? 'Array' : hiddenBy(value)
  if (name === undefined) return
  const remedy = name === 'Map' ? ': make it an object (Object.fromEntries)' : ''
  throw new ProtobufMisfit(path.join('.'), `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name} is not ${needed}${remedy}`)
}

function checkField(field: DescField, value: unknown, path: readonly string[]): void {
  const { message } = field
  if (field.fieldKind === 'map' && typeof value === 'object' && value !== null)
    refuseHidden(value, 'an object with the entries of a map', path)
  // Google's own types have values of their own.
  if (message === undefined || message.typeName.startsWith('google.protobuf.')) return
  if (field.fieldKind === 'list' && Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkNames(message, item, [...path, String(index)])
  } else if (field.fieldKind === 'map' && typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) checkNames(message, item, [...path, key])
  } else if (field.fieldKind === 'message') checkNames(message, value, path)
}
