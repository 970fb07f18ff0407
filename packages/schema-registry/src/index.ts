export { startRegistry, type RunningRegistry, type StartRegistryOptions } from './start-registry.ts'
export {
  schemaRegistry,
  type RegistrySchema,
  type RegistryVersion,
  type SchemaRegistry,
  type SchemaRegistryOptions,
} from './client/schema-registry.ts'
export type { SchemaReference } from './registry/entities.ts'
export { avro, type AvroOptions } from './serde/avro.ts'
export type { AvroTyping, AvroValue } from './serde/avro-value.ts'
export type { LogicalConverter, ValueShape } from './avro/value-form.ts'
export type { LogicalType } from './avro/logical-type.ts'
