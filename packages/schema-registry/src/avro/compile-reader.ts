import { type AvroCursor, AvroMisfit } from './avro-cursor.ts'
import { defaultValue } from './default-value.ts'
import { areEquivalent, canPromote, matchBranch } from './match-branch.ts'
import { namesOf, type ReaderNames } from './reader-names.ts'
import { located, recordReader } from './record-code.ts'
import {
  type AvroEnum,
  type AvroPrimitive,
  type AvroRecord,
  type AvroType,
  type AvroUnion,
  branchName,
} from './schema.ts'
import { type LogicalType, logicalTypeOf } from './logical-type.ts'
import { compileSkip } from './skip.ts'
import { converterOf, isWrapped, type KnownConverter, rawFormOf, setMember, type ValueForm } from './value-form.ts'

export type AvroReader = (cursor: AvroCursor) => unknown

/**
 * Compiles a function that reads what was written with `writer` as a value of `reader`, by the rules of Java's `ResolvingDecoder`.
 * What cannot be resolved fails when it is met in the data and not before: a branch that never occurs does no harm.
 */
export function compileReader(writer: AvroType, reader: AvroType, form: ValueForm): AvroReader {
  return new ReaderCompiler(namesOf(reader), form).compile(writer, reader)
}

class ReaderCompiler {
  readonly #names: ReaderNames
  readonly #form: ValueForm
  readonly #made = new Map<AvroType, Map<AvroType, AvroReader>>()
  readonly #skips = new Map()

  constructor(names: ReaderNames, form: ValueForm) {
    this.#names = names
    this.#form = form
  }

  compile(writer: AvroType, reader: AvroType): AvroReader {
    const byReader = this.#made.get(writer) ?? new Map<AvroType, AvroReader>()
    const made = byReader.get(reader)
    if (made !== undefined) return made
    // A recursive type meets this pair while its own reader is being made.
    let read: AvroReader | undefined
    this.#made.set(
      writer,
      byReader.set(reader, cursor => read!(cursor)),
    )
    // A union has no logical type, and the branches of a writer's union have been converted each.
    const known = writer.kind === 'union' ? undefined : converterOf(reader, this.#form)
    const raw = this.#resolve(writer, reader, rawFormOf(this.#form, known))
    read = known === undefined ? raw : this.#converting(raw, known, writer)
    byReader.set(reader, read)
    return read
  }

  /**
   * The number that was written counts in the unit of the writer: milliseconds are converted as such, also where the reader has
   * microseconds.
   */
  #converting(raw: AvroReader, known: KnownConverter, writer: AvroType): AvroReader {
    const written = logicalTypeOf(writer)
    if (written === undefined) return converting(raw, known.converter, known.logicalType)
    if (written.name === known.logicalType.name || this.#form.logicalTypes[written.name] === known.converter)
      return converting(raw, known.converter, written)
    return failing(`it was written as ${written.name} and cannot be read as ${known.logicalType.name}`)
  }

  #resolve(writer: AvroType, reader: AvroType, form: ValueForm): AvroReader {
    if (writer.kind === 'union') return this.#fromUnion(writer, reader)
    if (reader.kind === 'union') {
      const index = matchBranch(writer, reader, this.#names)
      return index < 0
        ? failing(`no branch of the union takes ${nameOf(writer)}`)
        : this.#intoBranch(writer, reader, index)
    }
    if (writer.kind === 'record' && reader.kind === 'record') return this.#record(writer, reader)
    if (writer.kind === 'enum' && reader.kind === 'enum') return this.#enum(writer, reader)
    if (writer.kind === 'fixed' && reader.kind === 'fixed') {
      if (!this.#names.isSame(writer.name, reader.name)) return failing(`found ${writer.name}, expected ${reader.name}`)
      if (writer.size !== reader.size)
        return failing(`${writer.name} has ${writer.size} bytes, ${reader.size} were expected`)
      return cursor => cursor.copy(writer.size)
    }
    if (writer.kind === 'array' && reader.kind === 'array') {
      const readItem = this.compile(writer.items, reader.items)
      return cursor => {
        const items: unknown[] = []
        try {
          for (let count = cursor.block(); count !== 0; count = cursor.block()) {
            for (let index = 0; index < count; index++) items.push(readItem(cursor))
          }
        } catch (error) {
          throw located(error, '[]')
        }
        return items
      }
    }
    if (writer.kind === 'map' && reader.kind === 'map') {
      const readValue = this.compile(writer.values, reader.values)
      return cursor => {
        const map: Record<string, unknown> = {}
        try {
          for (let count = cursor.block(); count !== 0; count = cursor.block()) {
            for (let index = 0; index < count; index++) setMember(map, cursor.text(), readValue(cursor))
          }
        } catch (error) {
          throw located(error, '{}')
        }
        return map
      }
    }
    if (writer.kind === reader.kind) return readPrimitive(writer.kind as AvroPrimitive['kind'], form)
    if (canPromote(writer, reader)) return promoted(writer, reader, form)
    return failing(`found ${nameOf(writer)}, expected ${nameOf(reader)}`)
  }

  #fromUnion(writer: AvroUnion, reader: AvroType): AvroReader {
    const pairs = reader.kind === 'union' && areEquivalent(writer, reader, this.#names)
    const readers = writer.branches.map((branch, index) =>
      pairs ? this.#intoBranch(branch, reader, index) : this.compile(branch, reader),
    )
    return cursor => {
      const index = cursor.int()
      const read = readers[index]
      if (read === undefined) throw new AvroMisfit(`a union has the index ${index}`)
      return read(cursor)
    }
  }

  #intoBranch(writer: AvroType, union: AvroUnion, index: number): AvroReader {
    const branch = union.branches[index]!
    const read = this.compile(writer, branch)
    if (branch.kind === 'null' || !isWrapped(union, this.#form)) return read
    const name = branchName(branch)
    return cursor => ({ [name]: read(cursor) })
  }

  #enum(writer: AvroEnum, reader: AvroEnum): AvroReader {
    if (!this.#names.isSame(writer.name, reader.name)) return failing(`found ${writer.name}, expected ${reader.name}`)
    const symbols = writer.symbols.map(symbol => (reader.symbols.includes(symbol) ? symbol : reader.defaultSymbol))
    return cursor => {
      const index = cursor.int()
      const symbol = symbols[index]
      if (symbol !== undefined) return symbol
      const written = writer.symbols[index]
      if (written === undefined) throw new AvroMisfit(`the enum ${writer.name} has no symbol ${index}`)
      throw new AvroMisfit(`the enum ${reader.name} has no symbol ${written} and no default`)
    }
  }

  #record(writer: AvroRecord, reader: AvroRecord): AvroReader {
    const names = writer.fields.map(field => this.#names.renameField(writer.name, field.name))
    if (new Set(names).size < names.length)
      return failing(`two fields of ${writer.name} are one by the aliases of ${reader.name}`)
    const missing = reader.fields.find(field => field.defaultValue === undefined && !names.includes(field.name))
    if (missing !== undefined)
      return failing(`the field "${missing.name}" of ${reader.name} is missing and has no default`)
    const steps = writer.fields.map((field, index) => {
      const wanted = reader.fields.find(({ name }) => name === names[index])
      return {
        name: wanted?.name,
        read: wanted === undefined ? compileSkip(field.type, this.#skips) : this.compile(field.type, wanted.type),
      }
    })
    const defaults = reader.fields
      .filter(({ name }) => !names.includes(name))
      .map(field => ({ name: field.name, make: this.#default(field.type, field.defaultValue!) }))
    return recordReader({
      steps,
      defaults,
      order: reader.fields.map(field => field.name),
      fieldNames: writer.fields.map(field => field.name),
    })
  }

  #default(type: AvroType, json: Parameters<typeof defaultValue>[1]): () => unknown {
    const form = this.#form
    return () => defaultValue(type, json, form)
  }
}

function readPrimitive(kind: AvroPrimitive['kind'], form: ValueForm): AvroReader {
  switch (kind) {
    case 'null':
      return () => null
    case 'boolean':
      return cursor => cursor.byte() === 1
    case 'int':
      return cursor => cursor.int()
    case 'long':
      return form.longs === 'bigint' ? cursor => cursor.bigLong() : cursor => cursor.safeLong()
    case 'float':
      return cursor => cursor.float()
    case 'double':
      return cursor => cursor.double()
    case 'bytes':
      return cursor => cursor.copy(cursor.length())
    case 'string':
      return cursor => cursor.text()
  }
}

function promoted(writer: AvroType, reader: AvroType, form: ValueForm): AvroReader {
  if (writer.kind === 'string') return cursor => cursor.copy(cursor.length())
  if (writer.kind === 'bytes') return cursor => cursor.text()
  if (reader.kind === 'long') return form.longs === 'bigint' ? cursor => BigInt(cursor.int()) : cursor => cursor.int()
  const round = reader.kind === 'float' ? Math.fround : (value: number) => value
  if (writer.kind === 'int') return cursor => round(cursor.int())
  if (writer.kind === 'float') return cursor => cursor.float()
  // The specification lets a long become a float or a double, with their precision.
  return cursor => round(Number(cursor.bigLong()))
}

function converting(raw: AvroReader, converter: KnownConverter['converter'], logicalType: LogicalType): AvroReader {
  return cursor => {
    const value = raw(cursor)
    try {
      return converter.fromRaw(value, logicalType)
    } catch (error) {
      throw new AvroMisfit(error instanceof Error ? error.message : String(error))
    }
  }
}

function failing(reason: string): AvroReader {
  return () => {
    throw new AvroMisfit(reason)
  }
}

function nameOf(type: AvroType): string {
  return type.kind === 'union' ? 'a union' : branchName(type)
}
