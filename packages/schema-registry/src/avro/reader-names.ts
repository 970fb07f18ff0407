import { type AvroType, isNamed, shortName } from './schema.ts'

/** What the names of a writer are in a reader that has aliases. */
export interface ReaderNames {
  rename(typeName: string): string
  /** Whether an enum or a fixed of the writer is that of the reader. As in Java, the namespace does not matter. */
  isSame(writerName: string, readerName: string): boolean
  renameField(recordName: string, fieldName: string): string
}

/** Collects the aliases of a reader's schema, as Java's `Schema.applyAliases` does. */
export function namesOf(reader: AvroType): ReaderNames {
  const types = new Map<string, string>()
  const fields = new Map<string, Map<string, string>>()
  const seen = new Set<AvroType>()
  const visit = (type: AvroType): void => {
    if (seen.has(type)) return
    seen.add(type)
    if (isNamed(type)) for (const alias of type.aliases) types.set(alias, type.name)
    switch (type.kind) {
      case 'record':
        for (const field of type.fields) {
          const known = fields.get(type.name) ?? new Map<string, string>()
          for (const alias of field.aliases) known.set(alias, field.name)
          fields.set(type.name, known)
          visit(field.type)
        }
        return
      case 'array':
        return visit(type.items)
      case 'map':
        return visit(type.values)
      case 'union':
        return type.branches.forEach(visit)
      default:
    }
  }
  visit(reader)
  const rename = (typeName: string): string => types.get(typeName) ?? typeName
  return {
    rename,
    isSame: (writerName, readerName) => shortName(rename(writerName)) === shortName(readerName),
    renameField: (recordName, fieldName) => fields.get(rename(recordName))?.get(fieldName) ?? fieldName,
  }
}
