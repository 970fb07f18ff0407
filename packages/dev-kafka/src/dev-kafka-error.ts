/** What can go wrong before there is a Kafka, and with one that is running. Never reused. */
export type DevKafkaErrorCode =
  | 'DEV_KAFKA_UNAVAILABLE'
  | 'DEV_KAFKA_DOWNLOAD_FAILED'
  | 'DEV_KAFKA_START_FAILED'
  | 'DEV_KAFKA_PORT_IN_USE'
  | 'DEV_KAFKA_UNREACHABLE'
  | 'DEV_KAFKA_NOT_OURS'
  | 'DEV_KAFKA_USAGE'

/** The one error class of this package: `code` to tell errors apart, `hint` for what to do next. */
export class DevKafkaError extends Error {
  override readonly name = 'DevKafkaError'
  readonly code: DevKafkaErrorCode
  readonly hint: string

  constructor(code: DevKafkaErrorCode, message: string, hint: string, options?: { readonly cause?: unknown }) {
    super(`${code}: ${message}\n  ${hint}`, options)
    this.code = code
    this.hint = hint
  }
}
