export { jsonSchema, type JsonSchema, type JsonSchemaOptions, type JsonSchemaReference } from '../serde/json-schema.ts'
export type { JsonSchemaValue } from '../serde/json-schema-value.ts'
export type { RegisteredSerdeOptions } from '../serde/serde-options.ts'
