export { startRegistry, type RunningRegistry, type StartRegistryOptions } from './start-registry.ts'
export {
  existingRegistry,
  type ConfluentRegistryClient,
  type KafkajsRegistryClient,
} from './client/existing-registry.ts'
export {
  schemaRegistry,
  type RegisteredSchema,
  type RegistrySchema,
  type RegistryVersion,
  type SchemaRegistry,
  type SchemaRegistryOptions,
} from './client/schema-registry.ts'
export type { RegistryTls } from './client/fetch-over-tls.ts'
export type { SchemaReference } from './registry/entities.ts'
export { avro, type AvroOptions, type AvroReference } from './serde/avro.ts'
export type { AvroTyping, AvroValue } from './serde/avro-value.ts'
export type { LogicalConverter, ValueShape } from './avro/value-form.ts'
export type { LogicalType } from './avro/logical-type.ts'
export { asBigint } from './logical-types/as-bigint.ts'
export { asDate } from './logical-types/as-date.ts'
export { asParts } from './logical-types/as-parts.ts'
export { asTemporal, type TemporalNamespace } from './logical-types/as-temporal.ts'
export { asText } from './logical-types/as-text.ts'
export type { AvroDuration } from './logical-types/avro-duration.ts'
export { asDecimal, asScaled } from './logical-types/decimals.ts'
export type { ScaledDecimal } from './logical-types/scaled-decimal.ts'
