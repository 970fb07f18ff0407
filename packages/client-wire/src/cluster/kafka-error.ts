import { KAFKA_ERRORS, type KafkaErrorRow } from '../protocol/error-codes.ts'

/** Kafka's name of an error, as `UNKNOWN_TOPIC_OR_PARTITION`. */
export type KafkaErrorName = keyof typeof KAFKA_ERRORS

const BY_CODE: ReadonlyMap<number, readonly [KafkaErrorName, KafkaErrorRow]> = new Map(
  Object.entries(KAFKA_ERRORS).map(([name, row]) => [row.code, [name as KafkaErrorName, row]]),
)

/** A broker's answer with an error code. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly type: KafkaErrorName
  /** Whether Kafka's own clients try again. */
  readonly retriable: boolean

  constructor(code: number, message?: string | null) {
    const [type, { retriable }] = BY_CODE.get(code) ?? (['UNKNOWN_SERVER_ERROR', { retriable: false }] as const)
    const number = BY_CODE.has(code) ? '' : ` (error code ${code}, which this client does not know)`
    super(message == null || message === '' ? `${type}${number}` : `${type}: ${message}`)
    this.type = type
    this.retriable = retriable
  }
}

/** Undefined for success. */
export function errorNameOf(code: number): KafkaErrorName | undefined {
  return code === 0 ? undefined : (BY_CODE.get(code)?.[0] ?? 'UNKNOWN_SERVER_ERROR')
}

/** @throws KafkaError unless the code says success */
export function checkCode(code: number, message?: string | null): void {
  if (code !== 0) throw new KafkaError(code, message)
}

export function isKafkaError(error: unknown, ...types: readonly KafkaErrorName[]): error is KafkaError {
  return error instanceof KafkaError && (types.length === 0 || types.includes(error.type))
}
