import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  json,
  long,
  NO_HEADERS,
  partitionForKey,
  type Serde,
  sessions,
  StreamsBuilder,
  string,
  systemClock,
  tumbling,
  windowStore,
} from '@millrace/core'
import { KafkaStreams, type KafkaStreamsOptions, silentLogger } from '@millrace/runtime'
import { createServer } from 'node:net'
import { type QueryServer, queryServer } from './query-server.ts'
import type { QueryServerOptions } from './server-options.ts'

const texts = { key: string(), value: string() }
export const PARTITIONS = 4

type Topic = 'texts' | 'schemas' | 'numbers' | 'events' | 'versions' | 'pairs'

/** Writes keys with the version of a schema, which changes, and reads all versions. */
export const schema = { version: 1 }
export const versionedText: Serde<string> = {
  name: 'versionedText',
  serialize: text => Buffer.from(`${schema.version}${text}`),
  deserialize: bytes => Buffer.from(bytes).subarray(1).toString(),
}

/** Tables of texts and of JSON by number; counts of texts by window and by session; a store with duplicates; the history of each text. */
const PARTS: Readonly<Record<Topic, (builder: StreamsBuilder) => void>> = {
  texts: builder => void builder.table('texts', { ...texts, store: 'texts' }),
  schemas: builder => void builder.table('schemas', { ...texts, key: versionedText, store: 'schemas' }),
  numbers: builder => void builder.table('numbers', { key: long(), value: json(), store: 'numbers' }),
  events(builder) {
    const grouped = builder.stream('events', texts).groupByKey()
    grouped.windowedBy(tumbling({ sizeMs: 100, graceMs: 100 })).count({ store: 'windows' })
    grouped.windowedBy(sessions({ inactivityGapMs: 10, graceMs: 100 })).count({ store: 'sessions' })
  },
  pairs(builder) {
    const stores = [windowStore({ name: 'pairs', ...texts, windowSizeMs: 1, retentionMs: 10, retainDuplicates: true })]
    for (const store of stores) builder.addStateStore(store)
    builder.stream('pairs', texts).process(() => ({ process: () => undefined }), { stores })
  },
  versions: builder =>
    void builder.table('versions', { ...texts, store: { name: 'history', historyRetentionMs: 1_000_000 } }),
}

export interface Instance {
  readonly streams: KafkaStreams
  readonly server: QueryServer
  readonly address: string
  close(): Promise<void>
}

/**
 * A Kafka in memory with instances of one application, each with a query server. Closes what it has started.
 *
 * @param topics what the application reads: with one of them its partitions are spread over the instances
 */
export async function world(...topics: readonly Topic[]) {
  const cluster = new MemoryCluster({ clock: systemClock })
  for (const name of topics) cluster.createTopic({ name, partitions: PARTITIONS })
  const client = memoryClient(cluster)
  const own = client({ clientId: 'test', clock: systemClock, logger: silentLogger })
  const producer = own.producer({})
  await producer.init()
  const started: Instance[] = []
  const builder = new StreamsBuilder()
  for (const topic of topics) PARTS[topic](builder)
  const plan = builder.build()
  return {
    async send<K, V>(
      topic: Topic,
      serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
      records: readonly (readonly [key: K, value: V | null, timestamp?: number])[],
    ): Promise<void> {
      for (const [key, value, timestamp = 1] of records) {
        const keyBytes = Buffer.from(serdes.key.serialize(key, topic))
        const valueBytes = Buffer.from(value === null ? [] : serdes.value.serialize(value, topic))
        const valueStart = value === null ? -1 : 0
        const partition = partitionForKey(keyBytes, 0, keyBytes.length, PARTITIONS)
        producer
          .topic(topic)
          .append(
            partition,
            timestamp,
            keyBytes,
            0,
            keyBytes.length,
            valueBytes,
            valueStart,
            valueBytes.length,
            NO_HEADERS,
          )
      }
      await producer.flush()
    },
    async start(
      name: string,
      server: Partial<QueryServerOptions> = {},
      options: Partial<KafkaStreamsOptions> = {},
    ): Promise<Instance> {
      const port = await freePort()
      const address = `127.0.0.1:${port}`
      const streams = new KafkaStreams(plan, {
        applicationId: 'app',
        client,
        logger: silentLogger,
        commitIntervalMs: 20,
        processingGuarantee: 'exactly_once',
        processId: name,
        applicationServer: address,
        ...options,
      })
      const listening = await queryServer(streams, { port, ...server })
      await streams.start()
      const close = async () => {
        await listening.close()
        await streams.close()
      }
      const instance = { streams, server: listening, address, close }
      started.push(instance)
      return instance
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(started.map(instance => instance.close()))
      await producer.close()
      await own.close()
    },
  }
}

/** Below the ports that systems give to connections, and other ones in each process. */
let nextPort = 20_000 + ((process.pid * 37) % 10_000)

/** An instance says its address before it listens there. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort++
    const server = createServer()
    const isFree = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise<void>(resolve => void server.close(() => resolve()))
    return port
  }
}
