import { createHash } from 'node:crypto'
import { isPlainObject, type PlainObject, type SchemaReference } from './entities.ts'

/** The members of a rule in the order in which they are hashed. */
const RULE_MEMBERS = ['name', 'doc', 'kind', 'mode', 'type', 'tags', 'params', 'expr', 'onSuccess', 'onFailure']

/**
 * The GUID of a schema: the MD5 of everything that belongs to it. Meant to be the one that Confluent's registry computes, so that a schema
 * has one GUID in all registries; it was never compared with one (docs/schemas.md).
 */
export function schemaGuid(
  schema: string,
  references: readonly SchemaReference[],
  metadata: PlainObject | undefined,
  ruleSet: PlainObject | undefined,
): string {
  const hash = createHash('md5').update(schema)
  for (const { name, subject, version } of references) {
    const number = Buffer.alloc(4)
    number.writeInt32BE(version)
    hash.update(name).update(subject).update(number)
  }
  if (metadata !== undefined) {
    hash.update(Uint8Array.of(1))
    for (const part of ['tags', 'properties', 'sensitive']) for (const text of texts(metadata[part])) hash.update(text)
  }
  if (ruleSet !== undefined) {
    hash.update(Uint8Array.of(1))
    for (const part of ['migrationRules', 'domainRules', 'encodingRules']) {
      const rules = ruleSet[part]
      for (const rule of Array.isArray(rules) ? (rules as readonly unknown[]) : []) {
        if (!isPlainObject(rule)) continue
        for (const member of RULE_MEMBERS) for (const text of texts(rule[member])) hash.update(text)
        if (rule['disabled'] === true) hash.update(Uint8Array.of(1))
      }
    }
    for (const text of texts(ruleSet['enableAt'])) hash.update(text)
  }
  return hash.digest('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** The texts of a value in their order; those of an object in that of its names, each before its value. */
function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(texts)
  if (!isPlainObject(value)) return []
  return Object.keys(value)
    .sort()
    .flatMap(name => [name, ...texts(value[name])])
}
