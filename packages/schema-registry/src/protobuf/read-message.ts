import { type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf'
import { compileCheckBytes } from './check-bytes.ts'
import { missingRequired } from './missing-required.ts'
import { ProtobufMisfit } from './protobuf-misfit.ts'

/** @throws when the bytes are not those of the message */
export type ReadMessage = (bytes: Buffer) => Message

export function compileReadMessage(desc: DescMessage, options: { readonly readUnknownFields: boolean }): ReadMessage {
  const check = compileCheckBytes(desc)
  return bytes => {
    check(bytes, 0, bytes.length)
    const message = fromBinary(desc, bytes, options)
    const missing = missingRequired(desc, message)
    if (missing !== undefined) throw new ProtobufMisfit(missing, 'the required field is missing')
    return message
  }
}
