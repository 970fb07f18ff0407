import { createFileRegistry, toBinary } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { loadProto } from '../../../packages/schema-registry/src/protobuf/load-proto.ts'
import { parseProto } from '../../../packages/schema-registry/src/protobuf/parse-proto.ts'
import { printProto } from '../../../packages/schema-registry/src/protobuf/print-proto.ts'
import { ProtoProblem } from '../../../packages/schema-registry/src/protobuf/proto-problem.ts'
import { toDescriptor } from '../../../packages/schema-registry/src/protobuf/to-descriptor.ts'
import type { LinkedProto } from '../../../packages/schema-registry/src/protobuf/link-proto.ts'
import { choiceFrom } from '../choice.ts'
import { descriptorDifference } from './compare-descriptors.ts'
import { OPTIONS_PATH, OPTIONS_PROTO, withCustomOptions } from './custom-options.ts'
import { generateProto } from './generate-proto.ts'
import { mutateProto } from './mutate-proto.ts'
import type { Protoc, ProtoTexts } from './protoc.ts'
import { untidyProto } from './untidy-proto.ts'

export interface TextComparison {
  readonly texts: ProtoTexts
  readonly outcome: 'accepted' | 'refused'
  readonly differences: readonly string[]
}

export const PATH = 'case.proto'

/** A file that protoc and Millrace read: the same verdict, and the same descriptor. */
export async function compareText(protoc: Protoc, seed: number): Promise<TextComparison> {
  const choice = choiceFrom(seed)
  const { file, common } = generateProto(choice)
  const changed = choice.chance(0.5) ? mutateProto(choice, file) : file
  const hasCustom = choice.chance(0.4)
  const given = hasCustom ? withCustomOptions(choice, changed) : changed
  const texts: ProtoTexts = {
    [PATH]: untidyProto(choice, printProto(given)),
    ...(hasCustom && { [OPTIONS_PATH]: OPTIONS_PROTO }),
    ...(common !== undefined && { 'common.proto': printProto(common) }),
  }
  const ours = load(texts)
  const theirs = await protoc.compile(texts)
  if ('refused' in theirs) {
    const differences = 'refused' in ours ? [] : [`protoc refuses it (${theirs.refused.trim()}), Millrace does not`]
    return { texts, outcome: 'refused', differences }
  }
  if ('refused' in ours)
    return { texts, outcome: 'accepted', differences: [`Millrace refuses it (${ours.refused}), protoc does not`] }
  const printed = printProto(ours.linked.file)
  if (printProto(parseProto(printed)) !== printed)
    return { texts, outcome: 'accepted', differences: ['printing is not repeatable'] }
  const registry = createFileRegistry(theirs)
  const descriptor = theirs.file.find(({ name }) => name === PATH)!
  const found = descriptorDifference(ours.descriptor, descriptor, registry)
  if (found !== undefined) return { texts, outcome: 'accepted', differences: [found] }
  // A client may register the descriptor in place of the text.
  const base64 = Buffer.from(toBinary(FileDescriptorProtoSchema, descriptor)).toString('base64')
  const again = load({ ...texts, [PATH]: base64 })
  const lost = 'refused' in again ? again.refused : descriptorDifference(again.descriptor, descriptor, registry)
  return { texts, outcome: 'accepted', differences: lost === undefined ? [] : [`from its descriptor: ${lost}`] }
}

interface Loaded {
  readonly linked: LinkedProto
  readonly descriptor: FileDescriptorProto
}

export function load(texts: ProtoTexts): Loaded | { readonly refused: string } {
  try {
    const linked = loadProto(texts[PATH]!, new Map(Object.entries(texts)), { path: PATH })
    return { linked, descriptor: toDescriptor(linked) }
  } catch (error) {
    if (!(error instanceof ProtoProblem)) throw error
    return { refused: error.message }
  }
}
