import {
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  type Message,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { isBreaking, protoChanges } from '../../../packages/schema-registry/src/protobuf/compare-protos.ts'
import { compileReadMessage } from '../../../packages/schema-registry/src/protobuf/read-message.ts'
import { printProto } from '../../../packages/schema-registry/src/protobuf/print-proto.ts'
import { type Choice, choiceFrom } from '../choice.ts'
import type { Judge } from '../start-judge.ts'
import { load, PATH } from './compare-proto.ts'
import { evolveProto } from './evolve-proto.ts'
import { EndlessMessage, generateMessage } from './generate-message.ts'
import { generateProto } from './generate-proto.ts'
import type { Protoc, ProtoTexts } from './protoc.ts'

/** What Java is asked: descriptors and bytes in base64. */
export interface MessageCase {
  readonly writer: string
  readonly reader: string
  readonly message: string
  readonly data: readonly string[]
}

interface JavaRead {
  /** In base64. */
  readonly bytes?: string
  readonly json?: string
  readonly refused?: string
}

export interface MessageVerdict {
  readonly failed?: string
  readonly results: readonly { readonly writer: JavaRead; readonly reader: JavaRead }[]
}

export interface MessageComparison {
  readonly texts: ProtoTexts
  readonly outcome: 'compatible' | 'incompatible' | 'skipped'
  readonly values: number
  readonly refused: number
  readonly differences: readonly string[]
}

const VALUES_PER_CASE = 4

/** Messages that are written with one version of a file, and read with it and with another one, by Java and by Millrace. */
export async function compareMessages(
  judge: Judge<MessageCase, MessageVerdict>,
  protoc: Protoc,
  seed: number,
): Promise<MessageComparison> {
  const choice = choiceFrom(seed)
  const { file, common } = generateProto(choice)
  const imports = common === undefined ? {} : { 'common.proto': printProto(common) }
  const writerTexts = { [PATH]: printProto(file), ...imports }
  const readerTexts = { [PATH]: printProto(evolveProto(choice, file)), ...imports }
  const skipped = { texts: writerTexts, outcome: 'skipped', values: 0, refused: 0, differences: [] } as const
  const [writer, reader] = [load(writerTexts), load(readerTexts)]
  const [writerSet, readerSet] = [await protoc.compile(writerTexts), await protoc.compile(readerTexts)]
  if ('refused' in writer || 'refused' in reader || 'refused' in writerSet || 'refused' in readerSet) return skipped
  const name = file.types.find(({ kind }) => kind === 'message')!.name
  const fullName = file.package === undefined ? name : `${file.package}.${name}`
  const [writerDesc, readerDesc] = [writerSet, readerSet].map(set => registryOf(set).getMessage(fullName)!) as [
    DescMessage,
    DescMessage,
  ]
  const data = generateData(choice, writerDesc)
  if (data === undefined) return skipped
  const verdict = await judge.judge({
    writer: base64Of(writerSet),
    reader: base64Of(readerSet),
    message: name,
    data: data.map(bytes => Buffer.from(bytes).toString('base64')),
  })
  const texts = { ...writerTexts, reader: readerTexts[PATH] }
  if (verdict.failed !== undefined)
    return { ...skipped, texts, differences: [`Java cannot read the descriptors: ${verdict.failed}`] }
  const isCompatible = !protoChanges(writer.linked, reader.linked).some(isBreaking)
  const differences: string[] = []
  let refused = 0
  for (const [index, bytes] of data.entries()) {
    const java = verdict.results[index]!
    const shown = Buffer.from(bytes).toString('hex')
    const own = read(writerDesc, bytes)
    if (own.bytes !== Buffer.from(bytes).toString('base64'))
      differences.push(`${shown}: read and written again, it is ${own.bytes ?? own.refused}`)
    differences.push(...compareReads(`${shown} as it was written`, own, java.writer))
    const evolved = read(readerDesc, bytes)
    if (evolved.refused !== undefined) refused += 1
    // Java keeps a field in another form as an unknown one. Millrace refuses the record, unless the schemas are compatible.
    if (
      evolved.refused?.includes('where the schema needs') === true ||
      evolved.refused?.includes('and an element has') === true
    ) {
      if (isCompatible) differences.push(`${shown}: compatible, but refused: ${evolved.refused}`)
      continue
    }
    differences.push(...compareReads(`${shown} with the other schema`, evolved, java.reader, readerDesc))
  }
  return { texts, outcome: isCompatible ? 'compatible' : 'incompatible', values: data.length, refused, differences }
}

function generateData(choice: Choice, desc: DescMessage): readonly Uint8Array[] | undefined {
  try {
    return Array.from({ length: VALUES_PER_CASE }, () => toBinary(desc, generateMessage(choice, desc)))
  } catch (error) {
    if (error instanceof EndlessMessage) return undefined
    throw error
  }
}

function registryOf(set: FileDescriptorSet): FileRegistry {
  return createFileRegistry(set)
}

function base64Of(set: FileDescriptorSet): string {
  return Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString('base64')
}

function read(desc: DescMessage, bytes: Uint8Array): JavaRead {
  try {
    const message: Message = compileReadMessage(desc, { readUnknownFields: true })(Buffer.from(bytes))
    return {
      bytes: Buffer.from(toBinary(desc, message)).toString('base64'),
      json: JSON.stringify(toJson(desc, message)),
    }
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) }
  }
}

function compareReads(what: string, ours: JavaRead, java: JavaRead, merged?: DescMessage): readonly string[] {
  if ((ours.refused === undefined) !== (java.refused === undefined)) {
    return [`${what}: Java ${java.refused ?? 'reads it'}, Millrace ${ours.refused ?? 'reads it'}`]
  }
  if (ours.refused !== undefined) return []
  // When messages are merged, Java's DynamicMessage keeps two entries of a map that have one key; of these, the last one counts.
  const isMerged = () => merged !== undefined && read(merged, Buffer.from(java.bytes!, 'base64')).bytes === ours.bytes
  const bytes =
    ours.bytes === java.bytes || isMerged() ? [] : [`bytes of ${what}: Java ${java.bytes}, Millrace ${ours.bytes}`]
  const isSame = sameJson(JSON.parse(ours.json!), JSON.parse(java.json!))
  return isSame ? bytes : [...bytes, `value of ${what}: Java ${java.json}, Millrace ${ours.json}`]
}

/** Java prints a float with the digits that it needs, JavaScript with those of a double. */
function sameJson(ours: unknown, java: unknown): boolean {
  if (typeof ours === 'number' && typeof java === 'number')
    return ours === java || Math.fround(ours) === Math.fround(java)
  if (typeof ours !== 'object' || typeof java !== 'object' || ours === null || java === null) return ours === java
  const names = Object.keys(ours)
  return (
    names.length === Object.keys(java).length &&
    names.every(
      name => Object.hasOwn(java, name) && sameJson(ours[name as keyof typeof ours], java[name as keyof typeof java]),
    )
  )
}
