import { type AvroNamedType, type AvroType, branchName, isNamed, shortName } from '../avro/schema.ts'
import { converterOf, isWrapped, type LogicalConverter, type ValueForm } from '../avro/value-form.ts'
import { capital, comment, type GeneratedTypes, property, quoted } from './module-text.ts'

/**
 * TypeScript declarations for a schema and all types in it, of the values that `avro()` reads and writes with the same form.
 * @param converted the type that a converter gives
 */
export function avroTypes(
  type: AvroType,
  form: ValueForm,
  converted: (converter: LogicalConverter<unknown>) => string,
): GeneratedTypes {
  const names = namesOf(type)
  const declared: string[] = []

  const typeOf = (of: AvroType): string => {
    const known = converterOf(of, form)
    if (known !== undefined) return converted(known.converter)
    switch (of.kind) {
      case 'null':
      case 'boolean':
      case 'string':
        return of.kind
      case 'int':
      case 'float':
      case 'double':
        return 'number'
      case 'long':
        return form.longs
      case 'bytes':
      case 'fixed':
        return 'Buffer'
      case 'array': {
        const item = typeOf(of.items)
        return /[|&]/.test(item) ? `(${item})[]` : `${item}[]`
      }
      case 'map':
        return `Record<string, ${typeOf(of.values)}>`
      case 'record':
      case 'enum':
        return names.get(of)!
      case 'union': {
        const wraps = isWrapped(of, form)
        const branches = of.branches.map(branch =>
          wraps && branch.kind !== 'null' ? `{ ${property(branchName(branch))}: ${typeOf(branch)} }` : typeOf(branch),
        )
        return [...new Set(branches)].join(' | ')
      }
    }
  }

  for (const [named, name] of names) {
    const doc = comment(named.doc, '')
    if (named.kind === 'enum') declared.push(`${doc}export type ${name} = ${named.symbols.map(quoted).join(' | ')}\n`)
    if (named.kind !== 'record') continue
    const fields = named.fields.map(
      field => `${comment(field.doc, '  ')}  ${property(field.name)}: ${typeOf(field.type)}`,
    )
    declared.push(`${doc}export interface ${name} {\n${fields.join('\n')}\n}\n`)
  }
  const own = isNamed(type) ? names.get(type) : undefined
  if (own !== undefined) return { text: declared.join('\n'), root: own }
  const root = unusedName('Value', new Set(names.values()))
  return { text: [...declared, `export type ${root} = ${typeOf(type)}\n`].join('\n'), root }
}

/** The name of each record and enum: the short one, or the full one where two have the same. */
function namesOf(root: AvroType): Map<AvroNamedType, string> {
  const found = new Set<AvroNamedType>()
  const visit = (type: AvroType): void => {
    switch (type.kind) {
      case 'record':
        if (found.has(type)) return
        found.add(type)
        return type.fields.forEach(field => visit(field.type))
      case 'enum':
        found.add(type)
        return
      case 'array':
        return visit(type.items)
      case 'map':
        return visit(type.values)
      case 'union':
        return type.branches.forEach(visit)
      default:
    }
  }
  visit(root)
  const count = new Map<string, number>()
  for (const { name } of found) count.set(capital(shortName(name)), (count.get(capital(shortName(name))) ?? 0) + 1)
  return new Map(
    [...found].map(type => {
      const short = capital(shortName(type.name))
      return [type, count.get(short) === 1 && !BUILT_IN.has(short) ? short : type.name.split('.').map(capital).join('')]
    }),
  )
}

/** Names that the generated code uses itself. */
const BUILT_IN = new Set(['Buffer', 'Date', 'Record', 'ScaledDecimal', 'AvroDuration'])

function unusedName(wanted: string, used: ReadonlySet<string>): string {
  return used.has(wanted) ? unusedName(`${wanted}_`, used) : wanted
}
