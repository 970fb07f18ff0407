import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

/** How a message is written and read in each of its versions. */
export interface MessageCodec<Message> {
  encode(writer: WireWriter, message: Message, version: number): void
  decode(reader: WireReader, version: number): Message
}

/** A request that brokers answer, as the message schemas of Kafka define it. */
export interface Api<Request, Response> {
  readonly key: number
  readonly name: string
  /** The versions that this client speaks. */
  readonly minVersion: number
  readonly maxVersion: number
  /** From which version on headers and bodies have tagged fields (KIP-482); Infinity for none. */
  readonly flexibleFrom: number
  readonly request: MessageCodec<Request>
  readonly response: MessageCodec<Response>
}

/** Any of them, where the types of its messages do not matter. */
export type AnyApi = Api<unknown, unknown>
