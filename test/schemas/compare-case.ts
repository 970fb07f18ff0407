import { ByteSink } from '@millrace/core'
import { AvroCursor, AvroMisfit } from '../../packages/schema-registry/src/avro/avro-cursor.ts'
import { checkDefault } from '../../packages/schema-registry/src/avro/check-default.ts'
import { incompatibilities } from '../../packages/schema-registry/src/avro/compatibility.ts'
import { compileReader } from '../../packages/schema-registry/src/avro/compile-reader.ts'
import { compileWriter } from '../../packages/schema-registry/src/avro/compile-writer.ts'
import {
  isJsonArray,
  isJsonObject,
  JsonNumber,
  type JsonValue,
} from '../../packages/schema-registry/src/avro/json-value.ts'
import { parseSchemaText } from '../../packages/schema-registry/src/avro/parse-schema.ts'
import { printSchema } from '../../packages/schema-registry/src/avro/print-schema.ts'
import type { AvroType } from '../../packages/schema-registry/src/avro/schema.ts'
import type { AvroJudge, ParsedVerdict, SchemaCase } from './avro-judge.ts'
import { choiceFrom } from './choice.ts'
import { describe, type Described, FORM, generateValue, valueOf } from './described-value.ts'
import { evolveSchema } from './evolve-schema.ts'
import { generateSchema } from './generate-schema.ts'

/** What a case covered, for counts of the whole run. */
export type Outcome = 'refused schema' | 'compatible' | 'incompatible'

export interface Comparison {
  readonly case: SchemaCase
  readonly outcome: Outcome
  readonly values: number
  readonly refusedValues: number
  /** What Java and Millrace disagree on; empty if nothing. */
  readonly differences: readonly string[]
}

const VALUES_PER_CASE = 3

/** Java cannot make an empty array of the default of a union: it asks the union for the type of its items. */
const ARRAY_DEFAULT = 'org.apache.avro.AvroRuntimeException: Not an array: ['

/**
 * Java puts the reader's aliases into the schema of the writer, and then refuses a default there that names a field by its old
 * name. No reader needs the defaults of a writer.
 */
const WRITERS_DEFAULT = 'org.apache.avro.AvroTypeException: Invalid default for field '

export async function compareCase(judge: AvroJudge, seed: number): Promise<Comparison> {
  const choice = choiceFrom(seed)
  const writerJson = generateSchema(choice)
  const readerJson = choice.chance(0.9) ? evolveSchema(choice, writerJson) : generateSchema(choice)
  const texts = { writer: JSON.stringify(writerJson), reader: JSON.stringify(readerJson) }
  const writer = parse(texts.writer)
  const reader = parse(texts.reader)
  const isUsable = 'type' in writer && 'type' in reader
  const data = isUsable ? Array.from({ length: VALUES_PER_CASE }, () => generateValue(choice, writer.type)) : []
  const asked: SchemaCase = { ...texts, data }
  const verdict = await judge.judge(asked)
  const differences = [
    ...compareParsed('writer', writer, verdict.writer),
    ...compareParsed('reader', reader, verdict.reader),
  ]
  const none = { case: asked, outcome: 'refused schema', values: 0, refusedValues: 0, differences } as const
  if (!isUsable || verdict.results === undefined) return none
  const found = incompatibilities(reader.type, writer.type).map(one => `${one.kind} ${one.path} ${one.message}`)
  if (verdict.comparisonFailed !== undefined) {
    if (found.length === 0)
      differences.push(`Java cannot compare (${verdict.comparisonFailed}), Millrace finds nothing`)
  } else if (found.join('\n') !== verdict.incompatibilities!.join('\n')) {
    differences.push(
      `incompatibilities: Java ${JSON.stringify(verdict.incompatibilities)}, Millrace ${JSON.stringify(found)}`,
    )
  }
  const misleads = misleadsJava(reader.type)
  const trips = data.map((datum, index) => {
    const java = verdict.results![index]!
    return { java, ours: roundTrip(writer.type, reader.type, datum, java.written), datum }
  })
  for (const { java, ours, datum } of trips) {
    const value = JSON.stringify(datum)
    if (java.written !== ours.written)
      differences.push(`bytes of ${value}: Java ${java.written ?? java.writeRefused}, Millrace ${ours.written}`)
    const isFaultOfJava = [ARRAY_DEFAULT, WRITERS_DEFAULT].some(text => java.refused?.startsWith(text) === true)
    if (misleads || (isFaultOfJava && ours.refused === undefined)) continue
    if ((java.refused === undefined) !== (ours.refused === undefined)) {
      differences.push(`reading ${value}: Java ${java.refused ?? 'reads it'}, Millrace ${ours.refused ?? 'reads it'}`)
    } else if (JSON.stringify(java.value) !== JSON.stringify(ours.value)) {
      differences.push(`value of ${value}: Java ${JSON.stringify(java.value)}, Millrace ${JSON.stringify(ours.value)}`)
    }
  }
  const refusedValues = trips.filter(({ java }) => java.refused !== undefined).length
  return {
    case: asked,
    outcome: found.length === 0 ? 'compatible' : 'incompatible',
    values: trips.length,
    refusedValues,
    differences,
  }
}

/** Java also takes the first of these for any number: `["int", "double"]` with the default 1.5 gives 1. */
const TAKEN_FOR_ANY_NUMBER = new Set(['int', 'long'])
const TAKEN_FOR_ANY_DEFAULT = new Set(['record', 'enum', 'array', 'map'])

/**
 * Whether the default of a union is that of a branch behind a record, enum, array or map, which it does not fit. Java takes the
 * first of those whatever the default is: `["map", "float"]` with the default 1 gives an empty map.
 */
function misleadsJava(type: AvroType, seen = new Set<AvroType>()): boolean {
  if (seen.has(type)) return false
  seen.add(type)
  switch (type.kind) {
    case 'array':
      return misleadsJava(type.items, seen)
    case 'map':
      return misleadsJava(type.values, seen)
    case 'union':
      return type.branches.some(branch => misleadsJava(branch, seen))
    case 'record':
      return type.fields.some(field => wrongBranch(field.type, field.defaultValue) || misleadsJava(field.type, seen))
    default:
      return false
  }
}

function wrongBranch(type: AvroType, json: JsonValue | undefined): boolean {
  if (json === undefined) return false
  switch (type.kind) {
    case 'union': {
      const fits = type.branches.findIndex(branch => checkDefault(branch, json) === undefined)
      const isTaken = ({ kind }: AvroType): boolean =>
        TAKEN_FOR_ANY_DEFAULT.has(kind) || (json instanceof JsonNumber && TAKEN_FOR_ANY_NUMBER.has(kind))
      return type.branches.slice(0, fits).some(isTaken) || (fits >= 0 && wrongBranch(type.branches[fits]!, json))
    }
    case 'array':
      return isJsonArray(json) && json.some(item => wrongBranch(type.items, item))
    case 'map':
      return isJsonObject(json) && Object.values(json).some(member => wrongBranch(type.values, member))
    case 'record':
      return isJsonObject(json) && type.fields.some(field => wrongBranch(field.type, json[field.name]))
    default:
      return false
  }
}

type Parsed = { readonly type: AvroType } | { readonly refused: string }

function parse(text: string): Parsed {
  try {
    return { type: parseSchemaText(text).type }
  } catch (error) {
    return { refused: (error as Error).message }
  }
}

function compareParsed(side: string, ours: Parsed, java: ParsedVerdict): string[] {
  if ('refused' in java)
    return 'refused' in ours ? [] : [`the ${side}: Java refuses it (${java.refused}), Millrace does not`]
  if ('refused' in ours) return [`the ${side}: Millrace refuses it (${ours.refused}), Java does not`]
  const text = printSchema(ours.type)
  return text === java.text ? [] : [`the text of the ${side}: Java ${java.text}, Millrace ${text}`]
}

interface OurTrip {
  readonly written: string
  readonly value?: Described
  readonly refused?: string
}

/** Writes the value, and reads what Java wrote. */
function roundTrip(writer: AvroType, reader: AvroType, datum: Described, javaWritten: string | undefined): OurTrip {
  const sink = new ByteSink(16)
  compileWriter(writer, FORM)(sink, valueOf(writer, datum))
  const written = sink.buffer.subarray(0, sink.position).toString('base64')
  const bytes = Buffer.from(javaWritten ?? written, 'base64')
  const cursor = new AvroCursor()
  cursor.start(bytes, 0, bytes.length)
  try {
    const value = compileReader(writer, reader, FORM)(cursor)
    if (cursor.position !== cursor.end) return { written, refused: `${cursor.end - cursor.position} bytes are left` }
    return { written, value: describe(reader, value) }
  } catch (error) {
    if (!(error instanceof AvroMisfit)) throw error
    return { written, refused: error.message }
  }
}
