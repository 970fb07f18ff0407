import { type CompactedRecord, reasonOf } from '@millrace/core'
import {
  isPlainObject,
  type Mode,
  MODES,
  type PlainObject,
  type SchemaEntry,
  type SchemaReference,
} from './entities.ts'
import type { Change } from './registry-state.ts'
import { schemaGuid } from './schema-hash.ts'

/*
 * The records of `_schemas` in the format of Confluent's registry, as far as it is public (docs/schemas.md). Keys and values are JSON.
 *
 *     {"keytype":"SCHEMA","subject":S,"version":V,"magic":1}   {"subject","version","id","md5","schema","schemaType"?,…,"deleted"}
 *     {"keytype":"DELETE_SUBJECT","subject":S,"magic":0}       {"subject","version"}: deletes the versions up to this one softly
 *     {"keytype":"CONFIG","subject":S or null,"magic":0}       {"subject"?,"compatibilityLevel",…}
 *     {"keytype":"MODE","subject":S or null,"magic":0}         {"subject"?,"mode"}
 *     {"keytype":"NOOP","magic":0}                             null
 *
 * The order of a key's members is fixed, because compaction compares bytes. A value of null removes what the key names.
 */

export function recordOf(change: Change): CompactedRecord {
  switch (change.kind) {
    case 'schema': {
      const { subject, version } = change.entry
      return { key: schemaKey(subject, version), value: json(schemaValue(change.entry)) }
    }
    case 'schema-removed':
      return { key: schemaKey(change.subject, change.version), value: null }
    case 'subject-deleted': {
      const { subject, version } = change
      return { key: json({ keytype: 'DELETE_SUBJECT', subject, magic: 0 }), value: json({ subject, version }) }
    }
    case 'config':
      return { key: scopeKey('CONFIG', change.scope), value: scoped(change.scope, change.config) }
    case 'mode':
      return {
        key: scopeKey('MODE', change.scope),
        value: scoped(change.scope, change.mode === null ? null : { mode: change.mode }),
      }
  }
}

/**
 * The change that a record stands for; undefined for records that change nothing, such as NOOP, and for those of features that this
 * registry does not have.
 * @throws Error when the record is not one of a registry
 */
export function changeOf({ key: keyBytes, value: valueBytes }: CompactedRecord): Change | undefined {
  const key = parsed(keyBytes, 'a key')
  const value = valueBytes === null ? null : parsed(valueBytes, `the value of ${keyBytes.toString()}`)
  const subject = typeof key['subject'] === 'string' ? key['subject'] : null
  switch (key['keytype']) {
    case 'SCHEMA': {
      const version = key['version']
      if (subject === null || typeof version !== 'number') throw new Error(`${keyBytes.toString()} names no version`)
      if (value === null) return { kind: 'schema-removed', subject, version }
      return { kind: 'schema', entry: schemaEntry(subject, version, value) }
    }
    case 'DELETE_SUBJECT': {
      const version = value?.['version']
      if (subject === null || typeof version !== 'number') return undefined
      return { kind: 'subject-deleted', subject, version }
    }
    case 'CONFIG': {
      if (value === null) return { kind: 'config', scope: subject, config: null }
      const { subject: _subject, ...config } = value
      return { kind: 'config', scope: subject, config }
    }
    case 'MODE': {
      if (value === null) return { kind: 'mode', scope: subject, mode: null }
      const mode = value['mode'] as Mode
      return MODES.includes(mode) ? { kind: 'mode', scope: subject, mode } : undefined
    }
    default:
      return undefined
  }
}

/** Occupies no place in the registry: a new writer shows by it that it can write. */
export const NOOP: CompactedRecord = { key: json({ keytype: 'NOOP', magic: 0 }), value: null }

function schemaKey(subject: string, version: number): Buffer {
  return json({ keytype: 'SCHEMA', subject, version, magic: 1 })
}

function scopeKey(keytype: 'CONFIG' | 'MODE', subject: string | null): Buffer {
  return json({ keytype, subject, magic: 0 })
}

function scoped(subject: string | null, content: object | null): Buffer | null {
  return content === null ? null : json({ ...(subject !== null && { subject }), ...content })
}

function schemaValue(entry: SchemaEntry): object {
  const { subject, version, id, schema, schemaType, references, metadata, ruleSet, deleted, guid } = entry
  return {
    subject,
    version,
    id,
    // The GUID is this hash in another form.
    md5: Buffer.from(guid.replaceAll('-', ''), 'hex').toString('base64'),
    schema,
    ...(schemaType !== 'AVRO' && { schemaType }),
    ...(references.length > 0 && { references }),
    ...(metadata !== undefined && { metadata }),
    ...(ruleSet !== undefined && { ruleSet }),
    deleted,
  }
}

function schemaEntry(subject: string, version: number, value: PlainObject): SchemaEntry {
  const { id, schema, schemaType = 'AVRO', references, metadata, ruleSet, deleted } = value
  if (typeof id !== 'number' || typeof schema !== 'string' || typeof schemaType !== 'string')
    throw new Error(`the version ${version} of ${subject} has no id, no schema or no type`)
  const uses = (Array.isArray(references) ? references : []) as readonly SchemaReference[]
  const [contract, rules] = [metadata, ruleSet].map(part => (isPlainObject(part) ? part : undefined))
  return {
    subject,
    version,
    id,
    schemaType,
    schema,
    references: uses,
    metadata: contract,
    ruleSet: rules,
    guid: schemaGuid(schema, uses, contract, rules),
    deleted: deleted === true,
  }
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function parsed(bytes: Buffer, what: string): PlainObject {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch (cause) {
    throw new Error(`${what} is no JSON: ${reasonOf(cause)}`, { cause })
  }
  if (!isPlainObject(value)) throw new Error(`${what} is no object of JSON`)
  return value
}
