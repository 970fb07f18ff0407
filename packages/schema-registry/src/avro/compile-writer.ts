import type { ByteSink } from '@millrace/core'
import { AvroMisfit } from './avro-cursor.ts'
import { located, recordWriter } from './record-code.ts'
import type { AvroRecord, AvroType, AvroUnion } from './schema.ts'
import {
  hiddenBy,
  branchOf,
  converterOf,
  isWrapped,
  type KnownConverter,
  shapeOf,
  shapeOfValue,
  type ValueForm,
} from './value-form.ts'
import { writeBigLong, writeInt, writeLong } from './write-integers.ts'

export type AvroWriter = (sink: ByteSink, value: unknown) => void

/** Compiles a function that appends a value in Avro's binary encoding: the bytes that Java's `GenericDatumWriter` writes. */
export function compileWriter(type: AvroType, form: ValueForm): AvroWriter {
  return new WriterCompiler(form).compile(type)
}

class WriterCompiler {
  readonly #form: ValueForm
  readonly #made = new Map<AvroType, AvroWriter>()

  constructor(form: ValueForm) {
    this.#form = form
  }

  compile(type: AvroType): AvroWriter {
    const made = this.#made.get(type)
    if (made !== undefined) return made
    // A recursive type meets this one while its own writer is being made.
    let writer: AvroWriter | undefined
    this.#made.set(type, (sink, value) => writer!(sink, value))
    const raw = this.#compileRaw(type)
    const known = converterOf(type, this.#form)
    writer = known === undefined ? raw : converting(raw, known)
    this.#made.set(type, writer)
    return writer
  }

  #compileRaw(type: AvroType): AvroWriter {
    switch (type.kind) {
      case 'null':
        return (_sink, value) => {
          if (value !== null && value !== undefined) throw misfit(value, 'null')
        }
      case 'boolean':
        return (sink, value) => {
          if (typeof value !== 'boolean') throw misfit(value, 'a boolean')
          sink.reserve(1)
          sink.buffer[sink.position++] = value ? 1 : 0
        }
      case 'int':
        return (sink, value) => {
          if (typeof value !== 'number' || (value | 0) !== value) throw misfit(value, 'an int of 32 bits')
          writeInt(sink, value)
        }
      case 'long':
        return (sink, value) => {
          if (typeof value === 'number' && Number.isSafeInteger(value)) return writeLong(sink, value)
          if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) {
            throw misfit(value, 'a long: a safe integer, or a bigint of 64 bits')
          }
          writeBigLong(sink, value)
        }
      case 'float':
        return (sink, value) => {
          if (typeof value !== 'number') throw misfit(value, 'a number')
          sink.reserve(4)
          sink.position = sink.buffer.writeFloatLE(value, sink.position)
        }
      case 'double':
        return (sink, value) => {
          if (typeof value !== 'number') throw misfit(value, 'a number')
          sink.reserve(8)
          sink.position = sink.buffer.writeDoubleLE(value, sink.position)
        }
      case 'string':
        return (sink, value) => {
          if (typeof value !== 'string') throw misfit(value, 'a string')
          writeText(sink, value)
        }
      case 'bytes':
        return (sink, value) => {
          if (!(value instanceof Uint8Array)) throw misfit(value, 'bytes (a Uint8Array)')
          writeLong(sink, value.length)
          sink.append(value)
        }
      case 'fixed': {
        const { size, name } = type
        return (sink, value) => {
          if (!(value instanceof Uint8Array) || value.length !== size)
            throw misfit(value, `${size} bytes of the fixed ${name}`)
          sink.append(value)
        }
      }
      case 'enum': {
        const indexes = new Map(type.symbols.map((symbol, index) => [symbol, index]))
        return (sink, value) => {
          const index = indexes.get(value as string)
          if (index === undefined) throw misfit(value, `a symbol of ${type.name}: ${type.symbols.join(', ')}`)
          writeInt(sink, index)
        }
      }
      case 'array': {
        const writeItem = this.compile(type.items)
        return (sink, value) => {
          if (!Array.isArray(value)) throw misfit(value, 'an array')
          if (value.length > 0) writeLong(sink, value.length)
          let index = 0
          try {
            for (; index < value.length; index++) writeItem(sink, value[index])
          } catch (error) {
            throw located(error, `[${index}]`)
          }
          writeInt(sink, 0)
        }
      }
      case 'map': {
        const writeValue = this.compile(type.values)
        return (sink, value) => {
          if (shapeOfValue(value) !== 'object') throw misfit(value, 'a map')
          refuseHidden(value as object)
          const names = Object.keys(value as object)
          if (names.length > 0) writeLong(sink, names.length)
          for (const name of names) {
            writeText(sink, name)
            try {
              writeValue(sink, (value as Readonly<Record<string, unknown>>)[name])
            } catch (error) {
              throw located(error, name)
            }
          }
          writeInt(sink, 0)
        }
      }
      case 'record':
        return this.#compileRecord(type)
      case 'union':
        return this.#compileUnion(type)
    }
  }

  #compileRecord(type: AvroRecord): AvroWriter {
    const write = recordWriter(type.fields.map(field => ({ name: field.name, write: this.compile(field.type) })))
    return (sink, value) => {
      if (shapeOfValue(value) !== 'object') throw misfit(value, `the record ${type.name}`)
      refuseHidden(value as object)
      write(sink, value as Readonly<Record<string, unknown>>)
    }
  }

  #compileUnion(type: AvroUnion): AvroWriter {
    const form = this.#form
    const writers = type.branches.map(branch => this.compile(branch))
    const expected = isWrapped(type, form) ? 'wrapped in an object with the name of its branch' : 'of a branch'
    const shapes = new Map(
      isWrapped(type, form) ? [] : type.branches.map((branch, index) => [shapeOf(branch, form), index]),
    )
    const kinds = type.branches.map(branch => ('name' in branch ? branch.name : branch.kind)).join(', ')
    return (sink, value) => {
      const direct = shapes.get(shapeOfValue(value ?? null)!)
      if (direct !== undefined) {
        writeInt(sink, direct)
        return writers[direct]!(sink, value)
      }
      const chosen = branchOf(type, value ?? null, form)
      if (chosen === undefined) throw misfit(value, `${expected} of the union of ${kinds}`)
      writeInt(sink, chosen.index)
      writers[chosen.index]!(sink, chosen.value)
    }
  }
}

function converting(raw: AvroWriter, { converter, logicalType }: KnownConverter): AvroWriter {
  return (sink, value) => {
    let converted: unknown
    try {
      converted = converter.toRaw(value, logicalType)
    } catch (error) {
      throw new AvroMisfit(error instanceof Error ? error.message : String(error))
    }
    raw(sink, converted)
  }
}

/** @throws AvroMisfit for half of a surrogate pair, which would be read back as another character */
function writeText(sink: ByteSink, text: string): void {
  const { length } = text
  // Room for the length, in one byte or in as many as it can need.
  const room = length < 22 ? 1 : 5
  sink.reserve(length * 3 + 5)
  const start = sink.position
  let end = start + room
  if (length <= 8) {
    const bytes = sink.buffer
    let index = 0
    for (; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 127) break
      bytes[end + index] = unit
    }
    end += index === length ? length : bytes.write(text, end, 'utf8')
  } else end += sink.buffer.write(text, end, 'utf8')
  const written = end - start - room
  // Of ASCII there are as many bytes as units.
  if (written !== length && !text.isWellFormed())
    throw new AvroMisfit(
      `the text has half of a surrogate pair at index ${text.search(/\p{Surrogate}/u)}: use text.toWellFormed()`,
    )
  writeInt(sink, written)
  if (sink.position !== start + room) sink.buffer.copyWithin(sink.position, start + room, end)
  sink.position += written
}

function refuseHidden(value: object): void {
  const name = hiddenBy(value)
  if (name === undefined) return
  const remedy = name === 'Map' ? ' (Object.fromEntries)' : ''
  throw new AvroMisfit(`the content of a ${name} is not in its properties: make it an object${remedy}`)
}

function misfit(value: unknown, expected: string): AvroMisfit {
  return new AvroMisfit(`${shown(value)} is not ${expected}`)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
