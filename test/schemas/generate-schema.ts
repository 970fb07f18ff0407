import type { Choice } from './choice.ts'

/** A schema as its JSON. Records are changed in place by `evolve`. */
export type SchemaJson = string | SchemaJson[] | { [member: string]: unknown }

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']
const FIELD_NAMES = ['a', 'b', 'c', 'd', 'e', 'f']
const TYPE_NAMES = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']
const NAMESPACES = ['x', 'y', 'x.z']
export const SYMBOLS = ['RED', 'GREEN', 'BLUE', 'GREY']
const LOGICAL: Readonly<Record<string, readonly string[]>> = {
  int: ['date', 'time-millis', 'time-micros'],
  long: [
    'time-micros',
    ...['millis', 'micros', 'nanos'].flatMap(unit => [`timestamp-${unit}`, `local-timestamp-${unit}`]),
    'unknown',
  ],
  string: ['uuid', 'date'],
}

/** The state of one schema under construction. */
interface Making {
  readonly choice: Choice
  /** Full names that are in use. */
  readonly names: Set<string>
  /** Records around the place: they may be referred to in a union with null. */
  readonly around: readonly string[]
}

export function generateSchema(choice: Choice): SchemaJson {
  const making: Making = { choice, names: new Set(), around: [] }
  return choice.chance(0.85) ? makeRecord(making, 0) : makeType(making, 0)
}

/** A type for a new place in a schema whose names are given. */
export function generatePart(choice: Choice, names: Set<string>): SchemaJson {
  return makeType({ choice, names, around: [] }, 2)
}

function makeType(making: Making, depth: number): SchemaJson {
  const { choice } = making
  if (depth > 3 || choice.chance(0.45)) return makePrimitive(choice)
  switch (choice.number(7)) {
    case 0:
      return makeRecord(making, depth)
    case 1:
      return makeEnum(making)
    case 2:
      return { type: 'fixed', name: newName(making), ...sizeOf(choice), ...aliases(choice) }
    case 3:
      return { type: 'array', items: makeType(making, depth + 1) }
    case 4:
      return { type: 'map', values: makeType(making, depth + 1) }
    default:
      return makeUnion(making, depth)
  }
}

function makePrimitive(choice: Choice): SchemaJson {
  const kind = choice.one(PRIMITIVES)
  if (kind === 'bytes' && choice.chance(0.3)) return { type: 'bytes', ...logicalBytes(choice) }
  const logical = LOGICAL[kind]
  if (logical !== undefined && choice.chance(0.15)) return { type: kind, logicalType: choice.one(logical) }
  return choice.chance(0.05) ? { type: kind, 'x.note': { b: 1, a: [1.5, null] } } : kind
}

/** Some do not fit, and are ignored. */
function logicalBytes(choice: Choice): {
  readonly logicalType: string
  readonly precision?: number
  readonly scale?: number
} {
  const precision = choice.one([6, 1, 40, 0])
  if (choice.chance(0.3)) return { logicalType: 'big-decimal', ...(choice.chance(0.3) && { precision }) }
  return { logicalType: 'decimal', precision, ...(choice.chance(0.7) && { scale: choice.one([2, 0, 7]) }) }
}

function sizeOf(choice: Choice): { readonly size: number; readonly logicalType?: string } {
  if (!choice.chance(0.3)) return { size: choice.number(4) }
  const size = choice.one([4, 12, 16])
  return { size, logicalType: choice.one(['duration', 'uuid']), ...(choice.chance(0.4) && logicalBytes(choice)) }
}

function makeRecord(making: Making, depth: number): SchemaJson {
  const { choice } = making
  const name = newName(making)
  const around = [...making.around, name]
  const fields: Record<string, unknown>[] = []
  const names = FIELD_NAMES.slice(0, 1 + choice.number(4))
  for (const field of names) {
    const type = makeType({ ...making, around }, depth + 1)
    fields.push({ name: field, type, ...defaultFor(choice, type, 0.3), ...docs(choice), ...order(choice) })
  }
  return { type: choice.chance(0.03) ? 'error' : 'record', name, ...docs(choice), ...aliases(choice), fields }
}

function makeEnum(making: Making): SchemaJson {
  const { choice } = making
  const symbols = SYMBOLS.slice(0, 1 + choice.number(SYMBOLS.length))
  const chosen = choice.chance(0.4) ? { default: choice.one(symbols) } : {}
  return { type: 'enum', name: newName(making), symbols, ...chosen, ...aliases(choice) }
}

function makeUnion(making: Making, depth: number): SchemaJson {
  const { choice, around } = making
  if (around.length > 0 && choice.chance(0.2)) return ['null', choice.one(around)]
  const branches: SchemaJson[] = []
  const taken = new Set<string>()
  for (let count = 1 + choice.number(4); count > 0; count--) {
    const branch = makeType(making, depth + 1)
    if (Array.isArray(branch)) continue
    const name = branchKey(branch)
    if (taken.has(name)) continue
    taken.add(name)
    branches.push(branch)
  }
  return branches.length === 0 ? ['null', 'int'] : branches
}

function branchKey(branch: SchemaJson): string {
  if (typeof branch === 'string') return branch
  const { name, type } = branch as { readonly name?: string; readonly type: string }
  return name ?? type
}

/** All names are full, so that a type can be moved. */
function newName({ choice, names }: Making): string {
  for (;;) {
    const short = choice.one(TYPE_NAMES)
    const name = choice.chance(0.3) ? short : `${choice.one(NAMESPACES)}.${short}`
    if (names.has(name)) {
      if (names.size >= 20) return `n${names.size}.${short}${names.size}`
      continue
    }
    names.add(name)
    return name
  }
}

function aliases(choice: Choice): object {
  return choice.chance(0.05) ? { aliases: [choice.chance(0.5) ? 'Old' : 'w.Old'] } : {}
}

function docs(choice: Choice): object {
  return choice.chance(0.05) ? { doc: choice.one(['', 'a "quoted" text', 'ü \n 雪']) } : {}
}

function order(choice: Choice): object {
  return choice.chance(0.05) ? { order: choice.one(['ascending', 'descending', 'ignore']) } : {}
}

/** A default that fits, with some probability, and now and then one that does not. */
export function defaultFor(choice: Choice, type: SchemaJson, probability: number): object {
  if (!choice.chance(probability)) return {}
  if (choice.chance(0.03)) return { default: choice.one([null, 'x', 1, 1.5, true, [], {}, 2 ** 40]) }
  const value = valueFor(choice, type)
  return value === undefined ? {} : { default: value }
}

function valueFor(choice: Choice, type: SchemaJson): unknown {
  if (Array.isArray(type)) return valueFor(choice, choice.chance(0.8) ? type[0]! : choice.one(type))
  const kind = typeof type === 'string' ? type : type['type']
  const parts = typeof type === 'string' ? {} : type
  switch (kind) {
    case 'null':
      return null
    case 'boolean':
      return choice.chance(0.5)
    case 'int':
      return choice.number(1000) - 500
    case 'long':
      return choice.one([0, -7, 2 ** 33])
    case 'float':
    case 'double':
      return choice.one([0, 1, 1.5, -2.25, 1e10, 1e-7])
    case 'bytes':
    case 'string':
      return choice.one(['', 'text', '\u00ff'])
    case 'fixed':
      return 'x'.repeat(parts['size'] as number)
    case 'enum':
      return choice.one(parts['symbols'] as readonly string[])
    case 'array':
      return choice.chance(0.5) ? [] : tuple(valueFor(choice, parts['items'] as SchemaJson))
    case 'map': {
      const member = valueFor(choice, parts['values'] as SchemaJson)
      return choice.chance(0.5) || member === undefined ? {} : { key: member }
    }
    case 'record':
    case 'error': {
      const result: Record<string, unknown> = {}
      for (const field of parts['fields'] as readonly { readonly name: string; readonly type: SchemaJson }[]) {
        const value = valueFor(choice, field.type)
        if (value === undefined) return undefined
        result[field.name] = value
      }
      return result
    }
    default:
      return undefined
  }
}

function tuple(value: unknown): unknown {
  return value === undefined ? [] : [value]
}
