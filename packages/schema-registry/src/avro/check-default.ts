import { isJsonArray, isJsonObject, JsonNumber, type JsonValue, printJson } from './json-value.ts'
import type { AvroType } from './schema.ts'

const LONG_LIMIT = 2n ** 63n
const INT_LIMIT = 2n ** 31n

/**
 * Says why a default does not fit its type; `undefined` if it does. The rules are those of Java's `Schema.isValidDefault` in Avro
 * 1.12: the default of a union may be that of any branch.
 */
export function checkDefault(type: AvroType, value: JsonValue): string | undefined {
  switch (type.kind) {
    case 'null':
      return value === null ? undefined : misfit(value, 'null')
    case 'boolean':
      return typeof value === 'boolean' ? undefined : misfit(value, 'a boolean')
    case 'int':
      return isWithin(value, INT_LIMIT) ? undefined : misfit(value, 'an int')
    case 'long':
      return isWithin(value, LONG_LIMIT) ? undefined : misfit(value, 'a long')
    case 'float':
    case 'double':
      return value instanceof JsonNumber ? undefined : misfit(value, `a ${type.kind}`)
    case 'bytes':
    case 'fixed':
    case 'string':
    case 'enum':
      return typeof value === 'string' ? undefined : misfit(value, `a ${type.kind}, which is written as a string`)
    case 'array':
      if (!isJsonArray(value)) return misfit(value, 'an array')
      return first(value, item => checkDefault(type.items, item))
    case 'map':
      if (!isJsonObject(value)) return misfit(value, 'a map')
      return first(Object.values(value), item => checkDefault(type.values, item))
    case 'union': {
      if (type.branches.some(branch => checkDefault(branch, value) === undefined)) return undefined
      return `${printJson(value)} fits no branch of the union`
    }
    case 'record':
      if (!isJsonObject(value)) return misfit(value, `the record ${type.name}`)
      return first(type.fields, field => {
        const given = Object.hasOwn(value, field.name) ? value[field.name] : field.defaultValue
        if (given === undefined) return `the field "${field.name}" is missing`
        return checkDefault(field.type, given)
      })
  }
}

function isWithin(value: JsonValue, limit: bigint): boolean {
  if (!(value instanceof JsonNumber) || !value.isInteger) return false
  const number = BigInt(value.text)
  return number >= -limit && number < limit
}

function misfit(value: JsonValue, expected: string): string {
  return `${printJson(value)} is not ${expected}`
}

function first<T>(items: readonly T[], check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const reason = check(item)
    if (reason !== undefined) return reason
  }
  return undefined
}
