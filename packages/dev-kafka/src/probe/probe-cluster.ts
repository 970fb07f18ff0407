import { exchange } from './exchange.ts'

/** A broker as the cluster's metadata name it. */
export interface KnownBroker {
  readonly id: number
  readonly host: string
  readonly port: number
}

/** The version of the Metadata request used here: the oldest that Kafka 4 answers is 0, the newest non-flexible one 8. */
const METADATA_VERSION = 7
const METADATA_KEY = 3

/**
 * Asks the broker at `host:port` which brokers it knows to serve: it is the one question that only a broker that is up
 * can answer. Nothing but sockets, so that this package needs no Kafka client.
 *
 * @throws whatever the socket throws, or on a wrong answer, or after `timeoutMs`
 */
export async function probeCluster(host: string, port: number, timeoutMs = 2_000): Promise<readonly KnownBroker[]> {
  return decodeMetadataResponse(await exchange(host, port, encodeMetadataRequest(), timeoutMs))
}

/**
 * ```
 * request  = length:i32 api_key:i16 api_version:i16 correlation_id:i32 client_id:string topics allow_auto_create:i8
 * topics   = 0:i32                    -- none: only the brokers are asked for
 * string   = length:i16 utf8          -- length -1: null
 * ```
 */
export function encodeMetadataRequest(): Buffer {
  const clientId = Buffer.from('dev-kafka')
  const body = Buffer.alloc(4 + 2 + 2 + 4 + 2 + clientId.length + 4 + 1)
  body.writeInt32BE(body.length - 4, 0)
  body.writeInt16BE(METADATA_KEY, 4)
  body.writeInt16BE(METADATA_VERSION, 6)
  body.writeInt32BE(1, 8)
  body.writeInt16BE(clientId.length, 12)
  clientId.copy(body, 14)
  return body
}

/**
 * ```
 * response = correlation_id:i32 throttle_ms:i32 count:i32 broker{count} …
 * broker   = id:i32 host:string port:i32 rack:string
 * ```
 * What follows (cluster id, controller, topics) is not asked for. Brokers ascending by id.
 */
export function decodeMetadataResponse(response: Buffer): readonly KnownBroker[] {
  let at = 8
  const int32 = (): number => {
    at += 4
    return response.readInt32BE(at - 4)
  }
  const string = (): string => {
    const length = Math.max(response.readInt16BE(at), 0)
    at += 2 + length
    return response.toString('utf8', at - length, at)
  }
  const brokers = Array.from({ length: int32() }, () => {
    const broker = { id: int32(), host: string(), port: int32() }
    string()
    return broker
  })
  return brokers.sort((a, b) => a.id - b.id)
}
