/** A message schema as in the `common/message` folder of kafka-clients. */
export interface MessageSchema {
  readonly apiKey?: number
  readonly type: 'request' | 'response' | 'header' | 'data'
  readonly name: string
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly FieldSchema[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly FieldSchema[] }[]
}

export interface FieldSchema {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly fields?: readonly FieldSchema[]
}

export interface KafkaProtocol {
  readonly messages: Readonly<Record<string, MessageSchema>>
  readonly errors: readonly { readonly code: number; readonly name: string; readonly retriable: boolean }[]
}

export interface VersionRange {
  readonly from: number
  readonly to: number
}

/** `3+`, `0-12`, `7` or `none`. */
export function parseVersions(text: string): VersionRange {
  if (text === 'none') return { from: Infinity, to: -1 }
  const [from, to] = text.endsWith('+') ? [text.slice(0, -1), Infinity] : text.split('-')
  return { from: Number(from), to: Number(to ?? from) }
}

/** How a range of versions lies to those that are generated. */
export function coverage(versions: string | undefined, min: number, max: number): 'all' | 'some' | 'none' {
  if (versions === undefined) return 'none'
  const { from, to } = parseVersions(versions)
  if (from > max || to < min) return 'none'
  return from <= min && to >= max ? 'all' : 'some'
}

/** The structs of a message by name: those that its fields define, and the common ones. */
export function structsOf(schema: MessageSchema): Map<string, readonly FieldSchema[]> {
  const structs = new Map<string, readonly FieldSchema[]>()
  const visit = (fields: readonly FieldSchema[]): void => {
    for (const { type, fields: inner } of fields) {
      if (inner === undefined) continue
      structs.set(type.replace('[]', ''), inner)
      visit(inner)
    }
  }
  for (const { name, fields } of schema.commonStructs ?? []) {
    structs.set(name, fields)
    visit(fields)
  }
  visit(schema.fields)
  return structs
}

export function fieldName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}
