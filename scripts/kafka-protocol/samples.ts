import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { APIS, GROUP_DATA } from './messages.ts'
import { protocolClassPath } from './kafka-clients.ts'
import { coverage, fieldName, type FieldSchema, type KafkaProtocol, structsOf } from './schema.ts'

/** A message as Kafka's own classes write it. */
export interface SampleMessage {
  readonly name: string
  readonly version: number
  /** In base64. */
  readonly bytes: string
}

interface Question {
  readonly name: string
  readonly version: number
  readonly json: unknown
}

/** Every generated message in every version: once with all that it can hold, once with as little as it can. */
export async function sampleMessages(protocol: KafkaProtocol): Promise<readonly SampleMessage[]> {
  const names = [
    ...APIS.flatMap(({ name, ...range }) => ['Request', 'Response'].map(suffix => ({ name: name + suffix, ...range }))),
    ...GROUP_DATA,
  ]
  const questions = names.flatMap(({ name, min, max }) => {
    const { fields } = protocol.messages[name]!
    const structs = structsOf(protocol.messages[name]!)
    const versions = Array.from({ length: max - min + 1 }, (_, i) => min + i)
    return versions.flatMap(version =>
      [true, false].map(rich => ({ name, version, json: sampleStruct(fields, structs, version, rich) })),
    )
  })
  const bytes = await encodeWithKafka(questions)
  return questions.map(({ name, version }, i) => ({ name, version, bytes: bytes[i]! }))
}

function sampleStruct(
  fields: readonly FieldSchema[],
  structs: ReadonlyMap<string, readonly FieldSchema[]>,
  version: number,
  rich: boolean,
): Record<string, unknown> {
  const sample: Record<string, unknown> = {}
  for (const field of fields) {
    if (coverage(field.versions, version, version) === 'none') continue
    if (!rich && field.taggedVersions !== undefined) continue
    const nullable = coverage(field.nullableVersions, version, version) !== 'none'
    sample[fieldName(field.name)] = !rich && nullable ? null : sampleValue(field.type, field, structs, version, rich)
  }
  return sample
}

function sampleValue(
  type: string,
  field: FieldSchema,
  structs: ReadonlyMap<string, readonly FieldSchema[]>,
  version: number,
  rich: boolean,
): unknown {
  if (type.startsWith('[]')) {
    const element = (salt: number) =>
      sampleValue(type.slice(2), { ...field, name: `${field.name}${salt}` }, structs, version, rich)
    return rich ? [element(1), element(2)] : []
  }
  // Different for each field, so that two of them that change places are found out.
  const number = rich ? 1 + (Buffer.from(field.name).reduce((sum, byte) => sum * 31 + byte, 7) % 100) : 0
  if (type === 'int8' || type === 'int16' || type === 'uint16' || type === 'int32') return number
  if (type === 'int64') return rich ? number * 2 ** 33 : -1
  if (type === 'float64') return number / 4
  if (type === 'bool') return rich
  if (type === 'string') return rich ? `${field.name}-ß` : ''
  if (type === 'uuid') return rich ? 'AAECAwQFBgcICQoLDA0ODw' : 'AAAAAAAAAAAAAAAAAAAAAA'
  // A record batch is an opaque run of bytes here.
  if (type === 'bytes' || type === 'records') return rich ? Buffer.from(field.name).toString('base64') : ''
  return sampleStruct(structs.get(type)!, structs, version, rich)
}

async function encodeWithKafka(questions: readonly Question[]): Promise<readonly string[]> {
  const program = ['-cp', await protocolClassPath(), 'millrace.protocol.Encode']
  const java = spawn('java', program, { stdio: ['pipe', 'pipe', 'inherit'] })
  java.stdin.end(questions.map(question => `${JSON.stringify(question)}\n`).join(''))
  const lines = (await text(java.stdout)).split('\n').slice(0, -1)
  if (lines.length !== questions.length) throw new Error(`${lines.length} answers to ${questions.length} questions`)
  return lines
}
