import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import { loadProto } from '../../../packages/schema-registry/src/protobuf/load-proto.ts'
import { parseProto } from '../../../packages/schema-registry/src/protobuf/parse-proto.ts'
import { printProto } from '../../../packages/schema-registry/src/protobuf/print-proto.ts'
import { ProtoProblem } from '../../../packages/schema-registry/src/protobuf/proto-problem.ts'
import { toDescriptor } from '../../../packages/schema-registry/src/protobuf/to-descriptor.ts'
import type { LinkedProto } from '../../../packages/schema-registry/src/protobuf/link-proto.ts'
import { choiceFrom } from '../choice.ts'
import { descriptorDifference } from './compare-descriptors.ts'
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
  const texts: ProtoTexts = {
    [PATH]: untidyProto(choice, printProto(changed)),
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
  const found = descriptorDifference(
    ours.descriptor,
    theirs.file.find(({ name }) => name === PATH)!,
  )
  return { texts, outcome: 'accepted', differences: found === undefined ? [] : [found] }
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
