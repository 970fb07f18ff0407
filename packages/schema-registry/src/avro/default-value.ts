import { checkDefault } from './check-default.ts'
import { isJsonArray, isJsonObject, type JsonNumber, type JsonValue, printJson } from './json-value.ts'
import { type AvroType, branchName } from './schema.ts'
import { converterOf, isWrapped, rawFormOf, setMember, type ValueForm } from './value-form.ts'
import { AvroMisfit } from './avro-cursor.ts'

/**
 * The value that a default in a schema stands for. Each call makes a new one, since records may be changed by those who read them.
 * @throws AvroMisfit when the default does not fit
 */
export function defaultValue(type: AvroType, json: JsonValue, form: ValueForm): unknown {
  const known = converterOf(type, form)
  const raw = rawValue(type, json, rawFormOf(form, known))
  return known === undefined ? raw : known.converter.fromRaw(raw, known.logicalType)
}

function rawValue(type: AvroType, json: JsonValue, form: ValueForm): unknown {
  const misfit = type.kind === 'union' ? undefined : checkDefault(type, json)
  if (misfit !== undefined) throw new AvroMisfit(`the default does not fit: ${misfit}`)
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'double': {
      const number = Number((json as JsonNumber).text)
      return type.kind === 'float' ? Math.fround(number) : number
    }
    case 'long': {
      const value = BigInt((json as JsonNumber).text)
      if (form.longs === 'bigint') return value
      if (Number.isSafeInteger(Number(value))) return Number(value)
      throw new AvroMisfit(`the default ${value} is not a safe integer; with longs: 'bigint' it is read`)
    }
    case 'bytes':
      return Buffer.from(json as string, 'latin1')
    case 'fixed': {
      // As in Java: a default of another length is cut, or filled up with zeros.
      const bytes = Buffer.alloc(type.size)
      bytes.write(json as string, 'latin1')
      return bytes
    }
    case 'enum':
      if (!type.symbols.includes(json as string))
        throw new AvroMisfit(`the default ${printJson(json)} is no symbol of ${type.name}`)
      return json
    case 'array':
      return (isJsonArray(json) ? json : []).map(item => defaultValue(type.items, item, form))
    case 'map':
    case 'record': {
      const result: Record<string, unknown> = {}
      if (!isJsonObject(json)) return result
      if (type.kind === 'map') {
        for (const [name, member] of Object.entries(json))
          setMember(result, name, defaultValue(type.values, member, form))
      } else {
        for (const field of type.fields) {
          const given = Object.hasOwn(json, field.name) ? json[field.name]! : field.defaultValue!
          setMember(result, field.name, defaultValue(field.type, given, form))
        }
      }
      return result
    }
    case 'union': {
      const branch = type.branches.find(candidate => checkDefault(candidate, json) === undefined)
      if (branch === undefined) throw new AvroMisfit('the default fits no branch of the union')
      const value = defaultValue(branch, json, form)
      return value !== null && isWrapped(type, form) ? { [branchName(branch)]: value } : value
    }
    default:
      return json
  }
}
