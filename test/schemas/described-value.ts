import { type AvroType, branchName } from '../../packages/schema-registry/src/avro/schema.ts'
import { branchOf, isWrapped, type ValueForm } from '../../packages/schema-registry/src/avro/value-form.ts'
import type { Choice } from './choice.ts'

/** A value with its type, as both sides describe it: `["int", "1"]`, `["record", "shop.Order", [["id", ["long", "1"]]]]`. */
export type Described = readonly unknown[]

export const FORM: ValueForm = { longs: 'bigint', logicalTypes: {} }

/** A value of the type. Recursive types end after some levels. */
export function generateValue(choice: Choice, type: AvroType, depth = 0): Described {
  const count = (): number => (depth > 4 ? 0 : choice.number(3))
  switch (type.kind) {
    case 'null':
      return ['null']
    case 'boolean':
      return ['boolean', choice.chance(0.5)]
    case 'int':
      return ['int', String(choice.one([0, -1, 1, 63, 64, -65, 2 ** 31 - 1, -(2 ** 31), choice.number(1e6)]))]
    case 'long':
      return [
        'long',
        String(
          choice.one([
            0n,
            -1n,
            2n ** 63n - 1n,
            -(2n ** 63n),
            2n ** 53n + 1n,
            2n ** 31n,
            2n ** 34n,
            BigInt(choice.number(1e9)),
          ]),
        ),
      ]
    case 'float':
      return ['float', hexOf(4, bytes => bytes.writeFloatBE(choice.one([0, -0, 1.5, -2.25, 3.4e38, 1e-45, Infinity])))]
    case 'double':
      return [
        'double',
        hexOf(8, bytes => bytes.writeDoubleBE(choice.one([0, -0, 0.1, -1e300, 5e-324, -Infinity, NaN]))),
      ]
    case 'bytes':
      return ['bytes', Buffer.from(choice.one(['', 'bytes', '\u00ff\u0000'] as const), 'latin1').toString('base64')]
    case 'string':
      return ['string', choice.one(['', 'text', 'ü雪😀', 'x'.repeat(70)])]
    case 'fixed':
      return ['fixed', type.name, Buffer.alloc(type.size, choice.number(256)).toString('base64')]
    case 'enum':
      return ['enum', type.name, choice.one(type.symbols)]
    case 'array':
      return ['array', Array.from({ length: count() }, () => generateValue(choice, type.items, depth + 1))]
    case 'map': {
      const names = ['k', 'l', '__proto__'].slice(0, count())
      return ['map', names.map(name => [name, generateValue(choice, type.values, depth + 1)])]
    }
    case 'record':
      return ['record', type.name, type.fields.map(field => [field.name, generateValue(choice, field.type, depth + 1)])]
    case 'union': {
      const branches =
        depth > 4 && type.branches.some(branch => branch.kind === 'null')
          ? type.branches.filter(({ kind }) => kind === 'null')
          : type.branches
      return generateValue(choice, choice.one(branches), depth + 1)
    }
  }
}

/** The value of a program that a description stands for. */
export function valueOf(type: AvroType, described: Described): unknown {
  if (type.kind === 'union') {
    const name = ['record', 'enum', 'fixed'].includes(described[0] as string) ? described[1] : described[0]
    const branch = type.branches.find(candidate => branchName(candidate) === name)!
    const value = valueOf(branch, described)
    return value !== null && isWrapped(type, FORM) ? { [branchName(branch)]: value } : value
  }
  switch (type.kind) {
    case 'null':
      return null
    case 'int':
      return Number(described[1])
    case 'long':
      return BigInt(described[1] as string)
    case 'float':
      return Buffer.from(described[1] as string, 'hex').readFloatBE()
    case 'double':
      return Buffer.from(described[1] as string, 'hex').readDoubleBE()
    case 'bytes':
      return Buffer.from(described[1] as string, 'base64')
    case 'fixed':
      return Buffer.from(described[2] as string, 'base64')
    case 'enum':
      return described[2]
    case 'array':
      return (described[1] as readonly Described[]).map(item => valueOf(type.items, item))
    case 'map':
      return fromEntries(described[1] as readonly (readonly [string, Described])[], () => type.values)
    case 'record': {
      const typeOf = (name: string): AvroType => type.fields.find(field => field.name === name)!.type
      return fromEntries(described[2] as readonly (readonly [string, Described])[], typeOf)
    }
    default:
      return described[1]
  }
}

/** Describes what was read with the reader's schema. */
export function describe(type: AvroType, value: unknown): Described {
  switch (type.kind) {
    case 'union': {
      const chosen = branchOf(type, value, FORM)
      if (chosen === undefined) throw new Error(`${String(value)} is of no branch`)
      return describe(type.branches[chosen.index]!, chosen.value)
    }
    case 'null':
      return value === null ? ['null'] : ['no null', value]
    case 'int':
    case 'long':
      return [type.kind, String(value)]
    case 'float':
      return ['float', hexOf(4, bytes => bytes.writeFloatBE(value as number))]
    case 'double':
      return ['double', hexOf(8, bytes => bytes.writeDoubleBE(value as number))]
    case 'bytes':
      return ['bytes', (value as Buffer).toString('base64')]
    case 'fixed':
      return ['fixed', type.name, (value as Buffer).toString('base64')]
    case 'enum':
      return ['enum', type.name, value]
    case 'array':
      return ['array', (value as readonly unknown[]).map(item => describe(type.items, item))]
    case 'map': {
      const entries = Object.entries(value as object).sort(([left], [right]) => (left < right ? -1 : 1))
      return ['map', entries.map(([name, member]) => [name, describe(type.values, member)])]
    }
    case 'record': {
      const record = value as Readonly<Record<string, unknown>>
      return ['record', type.name, type.fields.map(field => [field.name, describe(field.type, record[field.name])])]
    }
    default:
      return [type.kind, value]
  }
}

function fromEntries(entries: readonly (readonly [string, Described])[], typeOf: (name: string) => AvroType): object {
  // `Object.fromEntries` defines members, so `__proto__` is an ordinary one.
  return Object.fromEntries(entries.map(([name, member]) => [name, valueOf(typeOf(name), member)]))
}

function hexOf(size: number, write: (bytes: Buffer) => number): string {
  const bytes = Buffer.alloc(size)
  write(bytes)
  return bytes.toString('hex')
}
