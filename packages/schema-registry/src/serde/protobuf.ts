import {
  createFileRegistry,
  createRegistry,
  type DescFile,
  type DescMessage,
  type Message,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { millraceError, reasonOf, type Serde } from '@millrace/core'
import type { RegistrySchema } from '../client/schema-registry.ts'
import type { SchemaReference } from '../registry/entities.ts'
import { checkMessageValue } from '../protobuf/check-value.ts'
import { fromDescriptor } from '../protobuf/from-descriptor.ts'
import { joined, LinkedProto } from '../protobuf/link-proto.ts'
import { loadProto } from '../protobuf/load-proto.ts'
import { indexesOf, messageAt, readMessageIndexes, writeMessageIndexes } from '../protobuf/message-indexes.ts'
import { messageOf } from '../protobuf/message-of.ts'
import { printProto } from '../protobuf/print-proto.ts'
import { ProtoProblem } from '../protobuf/proto-problem.ts'
import { compileReadMessage } from '../protobuf/read-message.ts'
import { toDescriptor } from '../protobuf/to-descriptor.ts'
import { wellKnownProto } from '../protobuf/well-known.ts'
import { checkProtobufArguments } from './check-protobuf-arguments.ts'
import { type LocateSchema, type Reader, registeredSerde } from './registered-serde.ts'
import { givenSubject, type RegisteredSerdeOptions } from './serde-options.ts'

export interface ProtobufOptions extends RegisteredSerdeOptions {
  /** What a value keeps of fields that the given message does not have: `keep` writes them again. @default 'keep' */
  readonly unknownFields?: 'keep' | 'drop'
  /** The subject under which an imported file is registered. @default the path of the import */
  readonly referenceSubject?: (path: string) => string
}

/** For schemas that are given as text. */
export interface ProtobufTextOptions extends ProtobufOptions {
  /** The message of the values: `Order` or `shop.Order`. @default the first message of the file */
  readonly message?: string
  /** The texts of imported files, by the path of the import. Google's own files need no text. */
  readonly imports?: Readonly<Record<string, string>>
}

/** The values of a message that is known from the text of a .proto file only. */
export type ProtobufMessage = Message & Readonly<Record<string, unknown>>

/** Makes serdes for Protobuf. */
export interface Protobuf {
  /** The message as protoc-gen-es generates it; of several, each record may have any. */
  <const Messages extends DescMessage | readonly DescMessage[]>(
    messages: Messages,
    options: ProtobufOptions,
  ): Serde<
    MessageShape<Messages extends readonly (infer One extends DescMessage)[] ? One : Extract<Messages, DescMessage>>
  >
  /** The text of a .proto file. A value may be a plain object. */
  <T = ProtobufMessage>(proto: string, options: ProtobufTextOptions): Serde<T>
}

/**
 * A serde for Protobuf in Confluent's wire format. Values are messages of `@bufbuild/protobuf`. What was written with another version of
 * the schema is read as the given message, by the numbers of the fields.
 *
 * @throws MILLRACE_SCHEMA_INVALID, MILLRACE_CONFIG_INVALID
 * @example
 * const order = protobuf(OrderSchema, { registry: schemaRegistry({ url: 'http://localhost:8081' }) })
 */
// The types of the values follow from the messages, which the compiler cannot see in the code below.
export const protobuf = protobufSerde as unknown as Protobuf

function protobufSerde(
  given: DescMessage | readonly DescMessage[] | string,
  options: ProtobufTextOptions,
): Serde<Message> {
  checkProtobufArguments(given, options)
  const messages = typeof given === 'string' ? [messageOfText(given, options)] : 'kind' in given ? [given] : given
  const [first] = messages
  if (first === undefined)
    throw millraceError('MILLRACE_SCHEMA_INVALID', { reason: 'protobuf() is given an empty list of messages' })
  const { unknownFields = 'keep', referenceSubject = (path: string) => path } = options
  const name = `protobuf(${messages.map(({ typeName }) => typeName).join(' | ')})`
  const byName = new Map(messages.map(desc => [desc.typeName, desc]))
  const files = new Map(messages.map(desc => [desc.typeName, fileOfMessage(desc)]))

  const descOf = (value: Message): DescMessage => {
    const typeName = (value as Partial<Message> | null)?.$typeName
    const found = typeName === undefined && messages.length === 1 ? first : byName.get(typeName ?? '')
    if (found !== undefined) return found
    const reason =
      typeName === undefined
        ? 'the value is not a message: make it with create()'
        : `the value is a message ${typeName}`
    throw millraceError('MILLRACE_SERDE_ENCODE', { serde: name, reason })
  }

  const decodeError = (reason: string, cause?: unknown): Error =>
    millraceError('MILLRACE_SERDE_DECODE', { serde: name, reason }, cause === undefined ? {} : { cause })

  const readerOf = (desc: DescMessage): ((bytes: Buffer, id: number | string) => Message) => {
    const read = compileReadMessage(desc, { readUnknownFields: unknownFields === 'keep' })
    return (bytes, id) => {
      try {
        return read(bytes)
      } catch (cause) {
        throw decodeError(`${reasonOf(cause)} (written with the schema ${id})`, cause)
      }
    }
  }

  return registeredSerde<Message, LinkedProto>(
    {
      name,
      schemaType: 'PROTOBUF',
      recordNames: messages.map(({ typeName }) => typeName),
      recordName: value => descOf(value).typeName,
      parse: (schema, referenced) =>
        loadProto(schema, new Map(referenced.map(one => [one.reference.name, one.schema])), { isNew: false }),
      ownSchema: (recordName, locate) => registerable(files.get(recordName)!, { referenceSubject, locate }),
      writer(recordName, schema) {
        const desc = byName.get(recordName)!
        const indexes = indexesOf(schema ?? files.get(recordName)!, recordName)
        if (indexes === undefined) return `its latest version has no message ${recordName}`
        return {
          label: writeMessageIndexes(indexes),
          write(value, prefix) {
            try {
              const message = messageOf(desc, value)
              checkMessageValue(desc, message)
              const bytes = toBinary(desc, message, { writeUnknownFields: unknownFields === 'keep' })
              return Buffer.concat([prefix, bytes])
            } catch (cause) {
              throw millraceError('MILLRACE_SERDE_ENCODE', { serde: name, reason: reasonOf(cause) }, { cause })
            }
          },
        }
      },
      reader(schema): Reader<Message> {
        const readers = new Map<string, (bytes: Buffer, id: number | string) => Message>()
        return (bytes, start, id, headerRest) => {
          const read = headerRest === undefined ? readMessageIndexes(bytes, start) : readMessageIndexes(headerRest, 0)
          if (typeof read === 'string') throw decodeError(read)
          const found = messageAt(schema, read.indexes)
          if (typeof found === 'string') throw decodeError(`${found} (written with the schema ${id})`)
          let reader = readers.get(found.fullName)
          if (reader === undefined) {
            const desc = byName.get(found.fullName)
            if (desc === undefined)
              throw decodeError(`the record has the message ${found.fullName} (written with the schema ${id})`)
            reader = readerOf(desc)
            readers.set(found.fullName, reader)
          }
          return reader(headerRest === undefined ? bytes.subarray(read.end) : bytes, id)
        }
      },
    },
    options,
  )
}

function messageOfText(text: string, { message, imports = {} }: ProtobufTextOptions): DescMessage {
  try {
    const linked = loadProto(text, new Map(Object.entries(imports)))
    const [first] = linked.file.types.filter(type => type.kind === 'message')
    const wanted = message ?? first?.name
    if (wanted === undefined) throw new ProtoProblem('', 'the file has no message')
    const file = createFileRegistry(toDescriptor(linked), path => {
      const found = findImport(linked, path)
      return found === undefined ? undefined : toDescriptor(found)
    })
    const desc = file.getMessage(wanted) ?? file.getMessage(joined(linked.package, wanted))
    if (desc === undefined) throw new ProtoProblem('', `the file has no message "${wanted}"`)
    return desc
  } catch (cause) {
    throw millraceError('MILLRACE_SCHEMA_INVALID', { reason: reasonOf(cause) }, { cause })
  }
}

function findImport(from: LinkedProto, path: string): LinkedProto | undefined {
  for (const dependency of from.dependencies) {
    const found = dependency.path === path ? dependency : findImport(dependency, path)
    if (found !== undefined) return found
  }
  return undefined
}

function fileOfMessage({ file }: DescMessage): LinkedProto {
  try {
    return linkedFile(file)
  } catch (cause) {
    throw millraceError('MILLRACE_SCHEMA_INVALID', { reason: reasonOf(cause) }, { cause })
  }
}

const linkedFiles = new WeakMap<DescFile, LinkedProto>()

function linkedFile(file: DescFile): LinkedProto {
  const known = linkedFiles.get(file)
  if (known !== undefined) return known
  const linked = new LinkedProto(
    file.proto.name,
    fromDescriptor(file.proto, createRegistry(...filesOf(file))),
    path => {
      const dependency = file.dependencies.find(({ proto }) => proto.name === path)
      return wellKnownProto(path) ?? (dependency === undefined ? undefined : linkedFile(dependency))
    },
  )
  linkedFiles.set(file, linked)
  return linked
}

/** The file and all that it imports, directly or not. */
function filesOf(file: DescFile): readonly DescFile[] {
  return [...new Set([file, ...file.dependencies.flatMap(filesOf)])]
}

/** The file as it is registered. The files that it imports are registered first. */
async function registerable(
  linked: LinkedProto,
  how: {
    readonly referenceSubject: (path: string) => string
    readonly locate: LocateSchema
  },
): Promise<RegistrySchema> {
  const references: SchemaReference[] = []
  for (const dependency of linked.dependencies) {
    if (wellKnownProto(dependency.path) !== undefined) continue
    const subject = givenSubject('referenceSubject', () => how.referenceSubject(dependency.path))
    const version = await how.locate(subject, await registerable(dependency, how))
    references.push({ name: dependency.path, subject, version })
  }
  const schema = { schema: printProto(linked.file), schemaType: 'PROTOBUF' }
  return references.length === 0 ? schema : { ...schema, references }
}
