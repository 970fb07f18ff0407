/** Bytes or a value that do not fit a message. */
export class ProtobufMisfit extends Error {
  override readonly name = 'ProtobufMisfit'

  /** @param path of the field, such as `items.price`; empty for the message itself */
  constructor(path: string, reason: string) {
    super(path === '' ? reason : `at ${path}: ${reason}`)
  }
}
