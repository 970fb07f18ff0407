/** An object of JSON, kept as a client sent it. */
export type PlainObject = Readonly<Record<string, unknown>>

/** A pointer to a schema that another schema uses. */
export interface SchemaReference {
  /** The full name of the type. */
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** What a client sends to register or to look up. */
export interface SchemaRequest {
  readonly schema?: string
  readonly schemaType?: string
  readonly references?: readonly SchemaReference[]
  /** Only in the mode IMPORT. */
  readonly id?: number
  readonly version?: number
  readonly metadata?: PlainObject | null
  readonly ruleSet?: PlainObject | null
}

/** A version of a subject, as it is stored in the topic `_schemas`. */
export interface SchemaEntry {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly schemaType: string
  readonly schema: string
  readonly references: readonly SchemaReference[]
  readonly metadata: PlainObject | undefined
  readonly ruleSet: PlainObject | undefined
  readonly guid: string
  readonly deleted: boolean
}

export const COMPATIBILITY_LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const
export type CompatibilityLevel = (typeof COMPATIBILITY_LEVELS)[number]

export const MODES = ['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT'] as const
export type Mode = (typeof MODES)[number]

/** Settings of a subject, of a context, or of the registry. */
export interface Config {
  readonly compatibilityLevel?: CompatibilityLevel
  /** Treat schemas that differ in their form only as the same. */
  readonly normalize?: boolean
  /** Requests for the subject go to this one. */
  readonly alias?: string
  /** Compare only schemas whose metadata agree in this property. */
  readonly compatibilityGroup?: string
}

export function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
