import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv'
import draft6 from 'ajv/dist/refs/json-schema-draft-06.json' with { type: 'json' }
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvDraft4 from 'ajv-draft-04'
import ajvFormats from 'ajv-formats'
import type { ReferencedSchema } from '../registry/schema-format.ts'
import { draftOf, type JsonSchemaDraft } from './drafts.ts'
import { isSchemaObject, type JsonSchemaNode } from './schema-documents.ts'

/** Returns why a value does not fit, with the path of the field; undefined if it fits. */
export type Validate = (value: unknown) => string | undefined

export interface CompileOptions {
  /** Whether `format` is checked. */
  readonly formats: boolean
}

/**
 * Makes a function that checks values.
 * @throws when the schema is not valid, or refers to something that is missing
 */
export function compileSchema(
  schema: JsonSchemaNode,
  referenced: readonly ReferencedSchema[],
  options: CompileOptions,
): Validate {
  const ajv = ajvFor(draftOf(schema), options)
  for (const { reference, schema: text } of referenced) {
    const key = absolute(reference.name, schema)
    if (ajv.getSchema(key) === undefined) ajv.addSchema(JSON.parse(text) as object, key)
  }
  return explaining(ajv.compile(schema))
}

/** ajv has a class for each draft that it does not take for draft 7. */
function ajvFor(draft: JsonSchemaDraft, { formats }: CompileOptions): Ajv {
  // Schemas of others have keywords of their own, and need not be tidy. Without ownProperties, "toString" is there in each object.
  const options: Options = {
    strict: false,
    ownProperties: true,
    allErrors: false,
    logger: false,
    validateFormats: formats,
  }
  const ajv = made(draft, options)
  if (formats) ajvFormats.default(ajv)
  return ajv
}

function made(draft: JsonSchemaDraft, options: Options): Ajv {
  switch (draft) {
    case '4':
      return new ajvDraft4.default(options)
    case '2019-09':
      return new Ajv2019(options)
    case '2020-12':
      return new Ajv2020(options)
    default: {
      const ajv = new Ajv(options)
      if (draft === '6') ajv.addMetaSchema(draft6)
      return ajv
    }
  }
}

/** `$ref` is resolved against the id of the schema that has it. */
function absolute(name: string, schema: JsonSchemaNode): string {
  const id = isSchemaObject(schema) ? (schema['$id'] ?? schema['id']) : undefined
  if (typeof id !== 'string') return name
  try {
    return new URL(name, id).href
  } catch {
    return name
  }
}

function explaining(validate: ValidateFunction): Validate {
  return value => (validate(value) ? undefined : explanation(validate.errors?.[0]))
}

function explanation(error: ErrorObject | undefined): string {
  if (error === undefined) return 'the value does not fit the schema'
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')
  const { message = 'it does not fit', params } = error
  const names: readonly unknown[] = [
    params['additionalProperty'],
    params['unevaluatedProperty'],
    params['propertyName'],
  ]
  const name = names.find(one => typeof one === 'string')
  const allowed: unknown = params['allowedValues'] ?? params['allowedValue']
  const more =
    name === undefined ? (allowed === undefined ? '' : ` (${JSON.stringify(allowed)})`) : ` (${JSON.stringify(name)})`
  return `${path === '' ? '' : `at ${path}: `}${message}${more}`
}
