import { type Registry, toJson } from '@bufbuild/protobuf'
import { type DescriptorProto, type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'

/**
 * The first difference of two descriptors, or undefined.
 * @param registry has the extensions that are custom options
 */
export function descriptorDifference(
  ours: FileDescriptorProto,
  theirs: FileDescriptorProto,
  registry: Registry,
): string | undefined {
  const [one, other] = [ours, theirs].map(file => {
    for (const message of file.messageType) order(message)
    return toJson(FileDescriptorProtoSchema, file, { registry })
  })
  return difference('', one, other)
}

/** protoc puts the messages of maps among the others, where the map stands; Millrace puts them behind. */
function order(message: DescriptorProto): void {
  const isEntry = (nested: DescriptorProto): boolean => nested.options?.mapEntry === true
  message.nestedType = [...message.nestedType.filter(one => !isEntry(one)), ...message.nestedType.filter(isEntry)]
  for (const nested of message.nestedType) order(nested)
}

function difference(path: string, ours: unknown, theirs: unknown): string | undefined {
  if (typeof ours === 'object' && typeof theirs === 'object' && ours !== null && theirs !== null) {
    const [one, other] = [ours, theirs] as Record<string, unknown>[]
    for (const name of new Set([...Object.keys(one!), ...Object.keys(other!)])) {
      const found = difference(`${path}/${name}`, one![name], other![name])
      if (found !== undefined) return found
    }
    return undefined
  }
  return Object.is(ours, theirs)
    ? undefined
    : `${path}: Millrace ${JSON.stringify(ours)}, protoc ${JSON.stringify(theirs)}`
}
