import {
  type AbortedTransaction,
  type RawFetchedPartition,
  readInt16,
  readInt32,
  readInt64,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { Broker } from 'kafkajs'
import { byTopic } from './cluster-link.ts'

export interface FetchSettings {
  readonly readCommitted: boolean
  readonly maxPartitionBytes: number
  /** How long the broker may wait for records, in milliseconds. */
  readonly maxWaitMs: number
}

/** The most bytes of one response, over all partitions. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024

/** What is used here of kafkajs' brokers and requests, beyond their types. */
interface RequestingBroker extends Broker {
  lookupRequest(apiKey: number, definition: unknown): (options: unknown) => ProtocolRequest
}

interface ProtocolRequest {
  readonly request: { readonly apiVersion: number }
  readonly response: {
    decode(payload: Buffer): Promise<unknown>
    /** Throws where a partition has an error. */
    parse(decoded: unknown): Promise<unknown>
  }
}

/**
 * One answer for each position, in any order. kafkajs throws when there is an error in any of the partitions.
 *
 * The request is kafkajs' own, the answer is read here: kafkajs makes several objects of each record, fails on a batch of more
 * records than a call may have arguments, loses the order of headers and does not check sums.
 */
export async function fetchPartitions(
  broker: Broker,
  positions: readonly TopicPartitionOffset[],
  { readCommitted, maxPartitionBytes, maxWaitMs }: FetchSettings,
): Promise<(RawFetchedPartition & TopicPartition)[]> {
  const { responses } = (await rawReader(broker as RequestingBroker).fetch({
    replicaId: -1,
    isolationLevel: readCommitted ? 1 : 0,
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes: MAX_RESPONSE_BYTES,
    topics: [...byTopic(positions)].map(([topic, list]) => ({
      topic,
      partitions: list.map(({ partition, offset }) => ({
        partition,
        fetchOffset: String(offset),
        maxBytes: maxPartitionBytes,
      })),
    })),
  })) as FetchResponse
  return responses.flatMap(({ topicName, partitions }) => partitions.map(raw => ({ ...raw, topic: topicName })))
}

/** The broker, whose answers are decoded by `decodeFetchResponse`. */
function rawReader(broker: RequestingBroker): Broker {
  return Object.create(broker, {
    lookupRequest: {
      value: (apiKey: number, definition: unknown) => (options: unknown) => {
        const protocol = broker.lookupRequest(apiKey, definition)(options)
        const { apiVersion } = protocol.request
        const decode = async (payload: Buffer) => decodeFetchResponse(payload, apiVersion)
        return { ...protocol, response: { ...protocol.response, decode } }
      },
    },
  }) as Broker
}

interface FetchResponse {
  /** For how long kafkajs should send nothing, in milliseconds (KIP-219). */
  readonly clientSideThrottleTime: number
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly RawFetchedPartition[] }[]
}

/*
 * The answer to a fetch, versions 4 to 11. Integers are big-endian; an array has its length in front, -1 for null.
 *
 *   response  := throttleTimeMs:int32 (v7: errorCode:int16 sessionId:int32) topic*
 *   topic     := name:string partition*
 *   partition := partition:int32 errorCode:int16 highWatermark:int64 lastStableOffset:int64 (v5: logStartOffset:int64)
 *                aborted* (v11: preferredReadReplica:int32) length:int32 records
 *   aborted   := producerId:int64 firstOffset:int64
 */
export function decodeFetchResponse(payload: Buffer, version: number): FetchResponse {
  let p = 0
  const take = (bytes: number) => {
    if (bytes < 0 || bytes > payload.length - p) throw new RangeError('The answer to a fetch is cut off')
    p += bytes
    return p - bytes
  }
  const int16 = () => readInt16(payload, take(2))
  const int32 = () => readInt32(payload, take(4))
  const int64 = () => readInt64(payload, take(8))
  const array = <T>(read: () => T): T[] => {
    const list: T[] = []
    for (let left = int32(); left > 0; left--) list.push(read())
    return list
  }
  const aborted = (): AbortedTransaction => ({ producerId: int64(), firstOffset: int64() })
  const partition = (): RawFetchedPartition => {
    const [index, errorCode, highWatermark, lastStableOffset] = [int32(), int16(), int64(), int64()]
    if (version >= 5) take(8)
    const abortedTransactions = array(aborted)
    if (version >= 11) take(4)
    const length = Math.max(0, int32())
    const start = take(length)
    // A copy: the batches of one partition must not keep those of all others in memory.
    const records = Buffer.from(payload.subarray(start, start + length))
    return { partition: index, errorCode, highWatermark, lastStableOffset, abortedTransactions, records }
  }
  const topic = () => {
    const length = int16()
    const start = take(length)
    return { topicName: payload.toString('utf8', start, start + length), partitions: array(partition) }
  }
  const throttleTimeMs = int32()
  if (version >= 7) take(6)
  const clientSideThrottleTime = version >= 8 ? throttleTimeMs : 0
  return { clientSideThrottleTime, responses: array(topic) }
}
