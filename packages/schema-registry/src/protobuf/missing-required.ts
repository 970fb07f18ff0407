import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'

type Find = (message: unknown) => string | undefined

const finders = new WeakMap<DescMessage, Find | null>()

/** The path of a required field that a message lacks. proto3 has no such fields: then there is nothing to look for. */
export function missingRequired(desc: DescMessage, message: unknown): string | undefined {
  let find = finders.get(desc)
  if (find === undefined) {
    find = canMiss(desc, new Set()) ? value => findMissing(desc, value) : null
    finders.set(desc, find)
  }
  return find === null ? undefined : find(message)
}

function canMiss(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(desc)) return false
  seen.add(desc)
  return desc.fields.some(
    field =>
      field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED ||
      (field.message !== undefined && canMiss(field.message, seen)),
  )
}

function findMissing(desc: DescMessage, message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('$typeName' in message)) return undefined
  for (const field of desc.fields) {
    const value = valueOf(field, message)
    if (value === undefined) {
      if (field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) return field.name
      continue
    }
    if (field.message === undefined) continue
    const items =
      field.fieldKind === 'list'
        ? (value as unknown[])
        : field.fieldKind === 'map'
          ? Object.values(value as object)
          : [value]
    for (const item of items) {
      const found = findMissing(field.message, item)
      if (found !== undefined) return `${field.name}.${found}`
    }
  }
  return undefined
}

function valueOf(field: DescField, message: Readonly<Record<string, unknown>>): unknown {
  if (field.oneof !== undefined) {
    const chosen = message[field.oneof.localName] as { readonly case?: string; readonly value?: unknown } | undefined
    return chosen?.case === field.localName ? chosen.value : undefined
  }
  // Fields of proto2 have their defaults on the prototype.
  return Object.hasOwn(message, field.localName) ? message[field.localName] : undefined
}
