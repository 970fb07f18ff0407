import { create, createFileRegistry, type FileRegistry } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { describeProto } from './describe-proto.ts'
import type { CustomOptions } from './descriptor-options.ts'
import { filesOf, isExtension, type LinkedProto } from './link-proto.ts'
import { ProtoProblem } from './proto-problem.ts'

/**
 * The descriptor that protoc makes of the file. Custom options have their values, as protoc gives them; those whose extension no import has
 * stay uninterpreted.
 * @throws ProtoProblem for options that cannot have their values
 */
export function toDescriptor(linked: LinkedProto): FileDescriptorProto {
  return describeProto({ linked, custom: scope => customOptions(linked, scope) })
}

function customOptions(linked: LinkedProto, scope: string): CustomOptions {
  return {
    extension(name) {
      const fullName = extensionName(linked, name, scope)
      return fullName === undefined ? undefined : registryOf(linked).getExtension(fullName)
    },
    message: name => registryOf(linked).getMessage(name),
  }
}

function extensionName(linked: LinkedProto, name: string, scope: string): string | undefined {
  try {
    return linked.resolve(name, scope, isExtension).fullName
  } catch (error) {
    if (error instanceof ProtoProblem) return undefined
    throw error
  }
}

const registries = new WeakMap<LinkedProto, FileRegistry>()

/** All that the file and its imports declare. */
function registryOf(linked: LinkedProto): FileRegistry {
  const made = registries.get(linked)
  if (made !== undefined) return made
  const files = [...filesOf(linked)].map(file => describeProto({ linked: file }))
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: files }))
  registries.set(linked, registry)
  return registry
}
