import type { CompatibilityLevel } from './entities.ts'
import type { FormatSchema } from './schema-format.ts'

export interface EarlierSchema {
  readonly version: number
  readonly schema: FormatSchema
}

/**
 * Why a schema may not follow the earlier ones under a level, in the words of Confluent's registry; empty if it may.
 * @param earlier in ascending order of their versions
 */
export function levelViolations(
  level: CompatibilityLevel,
  schema: FormatSchema,
  earlier: readonly EarlierSchema[],
): readonly string[] {
  if (level === 'NONE') return []
  const checked = level.endsWith('_TRANSITIVE') ? earlier.toReversed() : earlier.slice(-1)
  for (const old of checked) {
    const forward = level.startsWith('BACKWARD') ? [] : fill(old.schema.cannotRead(schema), 'old', 'new')
    const backward = level.startsWith('FORWARD') ? [] : fill(schema.cannotRead(old.schema), 'new', 'old')
    const found = [...forward, ...backward]
    // Under FULL, Confluent's registry names the old schema only if the new one cannot read it.
    const names = level.startsWith('FULL') ? backward.length > 0 : found.length > 0
    const about = names ? [`{oldSchemaVersion: ${old.version}}`, `{oldSchema: '${old.schema.canonical}'}`] : []
    if (found.length > 0) return [...found, ...about, `{validateFields: 'false', compatibility: '${level}'}`]
  }
  return []
}

function fill(messages: readonly string[], reader: string, writer: string): readonly string[] {
  return messages.map(message => message.replace('%s', reader).replace('%s', writer))
}
