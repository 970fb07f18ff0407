import { create, createFileRegistry, fromBinary, type Registry } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { checkProto } from './check-proto.ts'
import { describeProto } from './describe-proto.ts'
import { fromDescriptor } from './from-descriptor.ts'
import { filesOf, LinkedProto } from './link-proto.ts'
import { parseProto } from './parse-proto.ts'
import { ProtoProblem } from './proto-problem.ts'
import type { ProtoFile } from './proto-file.ts'
import { wellKnownProto } from './well-known.ts'

/** Of a file that has no name of its own. */
const ROOT_PATH = 'default.proto'

/** A schema of a registry: the text of a .proto file, or the base64 of a descriptor, as Confluent's clients send it. */
function readProto(schema: string, find: (path: string) => LinkedProto | undefined): ProtoFile {
  const text = schema.trim()
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0) {
    try {
      const descriptor = fromBinary(FileDescriptorProtoSchema, Buffer.from(text, 'base64'))
      return fromDescriptor(descriptor, registryFor(descriptor, find))
    } catch (cause) {
      if (cause instanceof ProtoProblem) throw cause
      throw new ProtoProblem(
        '',
        `it is neither the text of a .proto file nor the base64 of its descriptor (${String(cause)})`,
      )
    }
  }
  return parseProto(schema)
}

/** What its imports and the file itself declare. Undefined if one is missing, which is an error of its own. */
function registryFor(
  descriptor: FileDescriptorProto,
  find: (path: string) => LinkedProto | undefined,
): Registry | undefined {
  const imports = descriptor.dependency.map(find)
  if (imports.includes(undefined)) return undefined
  const files = new Set(imports.flatMap(one => [...filesOf(one!)]))
  const described = [...files].map(linked => describeProto({ linked }))
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...described, descriptor] }))
}

interface LoadOptions {
  /** Of the file. @default 'default.proto' */
  readonly path?: string
  /** Check the rules that protoc has. A schema that a registry holds already is used as it is. @default true */
  readonly isNew?: boolean
}

/**
 * Reads a file with all files that it imports.
 * @param imports the schemas of the references, by the path in the import
 * @throws ProtoProblem
 */
export function loadProto(
  schema: string,
  imports: ReadonlyMap<string, string> = new Map(),
  { path = ROOT_PATH, isNew = true }: LoadOptions = {},
): LinkedProto {
  const done = new Map<string, LinkedProto>()
  const under: string[] = []
  const find = (wanted: string): LinkedProto | undefined => {
    const known = done.get(wanted) ?? wellKnownProto(wanted)
    if (known !== undefined) return known
    const text = imports.get(wanted)
    return text === undefined ? undefined : read(wanted, text)
  }
  const read = (name: string, text: string): LinkedProto => {
    if (under.includes(name)) throw new ProtoProblem('', `the imports go in a circle: ${[...under, name].join(' → ')}`)
    under.push(name)
    const linked = new LinkedProto(name, readProto(text, find), find)
    if (isNew) checkProto(linked)
    under.pop()
    done.set(name, linked)
    return linked
  }
  return read(path, schema)
}
