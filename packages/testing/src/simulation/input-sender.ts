import type { MemoryCluster } from '@millrace/client-memory'
import {
  isMillraceError,
  isPromise,
  millraceError,
  type KafkaClient,
  NO_HEADERS,
  partitionForKey,
  type Plan,
  type Serde,
  whenReady,
} from '@millrace/core'
import type { SimulatedRecord } from './simulation-case.ts'
import type { Mischief, RecordWatch } from './watched-plan.ts'

/** Writes input records with the serdes with which the plan reads them, in order. */
export async function inputSender(
  plan: Plan,
  client: KafkaClient,
  cluster: MemoryCluster,
  watch: RecordWatch,
  tooLong: (record: SimulatedRecord) => Mischief['tooLong'],
): Promise<(records: readonly SimulatedRecord[]) => Promise<void>> {
  const producer = client.producer({})
  await producer.init()
  const ends = new Map<string, number>()
  const empty = Buffer.alloc(0)
  let round = 0
  return async records => {
    if (records.length === 0) return
    for (const record of records) {
      const { topic, key, value, timestamp = cluster.clock.now(), fails, slowMs } = record
      const source = plan.nodes.find(node => node.kind === 'source' && node.topics.includes(topic))
      if (source?.kind !== 'source') throw millraceError('MILLRACE_TOPIC_MISSING', { topic })
      const encodedKey = encoded(source.keySerde, key, topic)
      const keyBytes = isPromise(encodedKey) ? await encodedKey : encodedKey
      const encodedValue = encoded(source.valueSerde, value, topic)
      const valueBytes = isPromise(encodedValue) ? await encodedValue : encodedValue
      const count = cluster.partitionCount(topic)!
      const partition = keyBytes === null ? round++ % count : partitionForKey(keyBytes, 0, keyBytes.length, count)
      const offset = ends.get(`${topic}-${partition}`) ?? 0
      ends.set(`${topic}-${partition}`, offset + 1)
      if (fails > 0 || slowMs > 0) watch.plan(topic, partition, offset, { fails, slowMs, tooLong: tooLong(record) })
      producer
        .topic(topic)
        .append(
          partition,
          timestamp,
          keyBytes ?? empty,
          keyBytes === null ? -1 : 0,
          keyBytes?.length ?? -1,
          valueBytes ?? empty,
          valueBytes === null ? -1 : 0,
          valueBytes?.length ?? -1,
          NO_HEADERS,
        )
    }
    await producer.flush()
  }
}

/** A promise only where a serde must fetch something: otherwise the order of events would depend on it. */
function encoded(serde: Serde<unknown>, part: unknown, topic: string): Buffer | null | Promise<Buffer> {
  if (part === null) return null
  const bytes = whenReady(() => serde.serialize(part, topic))
  return isPromise(bytes) ? patiently(bytes, serde, part, topic) : Buffer.from(bytes)
}

/** What it fetches may be away for a while. */
async function patiently(
  first: Promise<Uint8Array>,
  serde: Serde<unknown>,
  part: unknown,
  topic: string,
): Promise<Buffer> {
  for (let bytes: Uint8Array | Promise<Uint8Array> = first; ; bytes = whenReady(() => serde.serialize(part, topic))) {
    try {
      return Buffer.from(await bytes)
    } catch (error) {
      if (!isMillraceError(error, 'retriable')) throw error
    }
  }
}
