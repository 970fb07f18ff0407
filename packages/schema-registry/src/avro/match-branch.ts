import type { ReaderNames } from './reader-names.ts'
import { type AvroRecord, type AvroType, type AvroUnion, isNamed, shortName } from './schema.ts'

/*
 * The choice of a union's branch follows Java's `Resolver`: exact types before promotions, full names before short ones.
 */

const PROMOTED: Readonly<Partial<Record<AvroType['kind'], readonly AvroType['kind'][]>>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}

export function canPromote(writer: AvroType, reader: AvroType): boolean {
  return PROMOTED[writer.kind]?.includes(reader.kind) === true
}

/** The branch of the reader's union that takes what the writer wrote; -1 if none does. */
export function matchBranch(writer: AvroType, union: AvroUnion, names: ReaderNames): number {
  let byStructure = -1
  for (const [index, branch] of union.branches.entries()) {
    if (branch.kind !== writer.kind) continue
    if (!isNamed(branch) || !isNamed(writer)) return index
    const name = names.rename(writer.name)
    if (branch.name === name) return index
    if (branch.kind !== 'record' || writer.kind !== 'record' || !hasAllFields(writer, branch, names)) continue
    if (byStructure < 0 || shortName(branch.name) === shortName(name)) byStructure = index
  }
  if (byStructure >= 0) return byStructure
  return union.branches.findIndex(branch => canPromote(writer, branch))
}

/** No field of the reader is missing or of another type, as far as Java looks: one level down. */
function hasAllFields(writer: AvroRecord, reader: AvroRecord, names: ReaderNames): boolean {
  return reader.fields.every(field => {
    const written = writer.fields.find(({ name }) => names.renameField(writer.name, name) === field.name)
    return written === undefined ? field.defaultValue !== undefined : !isPlainMismatch(written.type, field.type, names)
  })
}

/** Whether Java gives up at once, before it looks into the types. */
function isPlainMismatch(writer: AvroType, reader: AvroType, names: ReaderNames): boolean {
  if (writer.kind === 'union') return false
  if (reader.kind === 'union') return matchBranch(writer, reader, names) < 0
  if (writer.kind !== reader.kind) return !canPromote(writer, reader)
  if (writer.kind === 'fixed' && reader.kind === 'fixed')
    return !names.isSame(writer.name, reader.name) || writer.size !== reader.size
  if (writer.kind === 'enum' && reader.kind === 'enum') return !names.isSame(writer.name, reader.name)
  return writer.kind === 'record' && reader.kind === 'record' && !hasAllRequired(writer, reader, names)
}

function hasAllRequired(writer: AvroRecord, reader: AvroRecord, names: ReaderNames): boolean {
  const written = new Set(writer.fields.map(({ name }) => names.renameField(writer.name, name)))
  return reader.fields.every(field => field.defaultValue !== undefined || written.has(field.name))
}

/** Whether both unions are the same as far as reading is concerned: then branches are paired by their place. */
export function areEquivalent(
  writer: AvroType,
  reader: AvroType,
  names: ReaderNames,
  seen = new Map<AvroType, AvroType>(),
): boolean {
  if (writer.kind !== reader.kind) return false
  if (isNamed(writer) && isNamed(reader) && shortName(names.rename(writer.name)) !== shortName(reader.name))
    return false
  if (seen.get(writer) === reader) return true
  seen.set(writer, reader)
  if (writer.kind === 'record' && reader.kind === 'record') {
    const { name } = writer
    return (
      writer.fields.length === reader.fields.length &&
      writer.fields.every((field, index) => {
        const other = reader.fields[index]!
        return names.renameField(name, field.name) === other.name && areEquivalent(field.type, other.type, names, seen)
      })
    )
  }
  if (writer.kind === 'enum' && reader.kind === 'enum') return writer.symbols.join() === reader.symbols.join()
  if (writer.kind === 'fixed' && reader.kind === 'fixed') return writer.size === reader.size
  if (writer.kind === 'array' && reader.kind === 'array') return areEquivalent(writer.items, reader.items, names, seen)
  if (writer.kind === 'map' && reader.kind === 'map') return areEquivalent(writer.values, reader.values, names, seen)
  if (writer.kind === 'union' && reader.kind === 'union') {
    return (
      writer.branches.length === reader.branches.length &&
      writer.branches.every((branch, index) => areEquivalent(branch, reader.branches[index]!, names, seen))
    )
  }
  return true
}
