import { type MemoryClient, MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, NO_HEADERS, type Plan } from '@millrace/core'
import { type KafkaStreamsOptions, resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { Instance, type InstanceSurroundings } from './instance.ts'

/** A record for a test to send; key and value are text. */
export interface SentRecord {
  readonly value: string | null
  /** @default the value, or null where that is null */
  readonly key?: string | null
  /** @default 0 */
  readonly partition?: number
  /** @default 0 */
  readonly timestamp?: number
}

/**
 * The application `app` on a cluster in memory with these topics: a test starts its instances, steps them, and moves the clock.
 *
 * @param topics name → partitions
 */
export function testApplication(topics: Readonly<Record<string, number>>, startMs = 1_000) {
  const clock = new ManualClock(startMs)
  const cluster = new MemoryCluster({ clock })
  for (const [name, partitions] of Object.entries(topics)) cluster.createTopic({ name, partitions })
  const factory = memoryClient(cluster)
  const client: MemoryClient = factory({ clientId: 'test', clock, logger: silentLogger })
  const producer = client.producer({})
  const initialised = producer.init()

  return {
    clock,
    cluster,
    /** A client of the test's own. */
    client,
    factory,
    /** One batch for each partition. */
    async send(topic: string, records: readonly SentRecord[]): Promise<void> {
      await initialised
      for (const { value, key = value, partition = 0, timestamp = 0 } of records) {
        const [keyBytes, valueBytes] = [Buffer.from(key ?? ''), Buffer.from(value ?? '')]
        const keyStart = key === null ? -1 : 0
        const valueStart = value === null ? -1 : 0
        producer
          .topic(topic)
          .append(
            partition,
            timestamp,
            keyBytes,
            keyStart,
            keyBytes.length,
            valueBytes,
            valueStart,
            valueBytes.length,
            NO_HEADERS,
          )
      }
      await producer.flush()
    },
    /** An instance that has not begun. */
    instance(
      plan: Plan,
      options: Partial<KafkaStreamsOptions> = {},
      surroundings: InstanceSurroundings = {},
    ): Instance {
      const given = { applicationId: 'app', client: factory, clock, logger: silentLogger, ...options }
      return new Instance(plan, resolveOptions(given), surroundings)
    },
    async start(
      plan: Plan,
      options: Partial<KafkaStreamsOptions> = {},
      surroundings: InstanceSurroundings = {},
    ): Promise<Instance> {
      const instance = this.instance(plan, options, surroundings)
      await instance.begin(new AbortController().signal)
      return instance
    },
    /** This many rounds of all of them, between which time moves on by `stepMs`. */
    async run(instances: readonly Instance[], rounds: number, stepMs = 100): Promise<void> {
      for (let round = 0; round < rounds; round++) {
        for (const instance of instances) await instance.step(0)
        await clock.advance(stepMs)
      }
    },
    /** The values of all committed records of partition 0, as text. */
    async values(topic: string): Promise<readonly (string | null)[]> {
      const consumer = client.consumer({ isolationLevel: 'read_committed' })
      await consumer.assign([{ topic, partition: 0, offset: 0 }])
      const found: (string | null)[] = []
      for (let batches = await consumer.poll(0); batches.length > 0; batches = await consumer.poll(0)) {
        for (const batch of batches) {
          for (const cursor = batch.cursor(); cursor.advance();) {
            const { valueBytes, valueStart, valueEnd } = cursor
            found.push(valueStart < 0 ? null : valueBytes.toString('utf8', valueStart, valueEnd))
          }
        }
      }
      await consumer.close()
      return found
    },
    /** The offset that the application has committed for the partition. */
    async committed(topic: string, partition = 0): Promise<number | undefined> {
      const [found] = await client.admin().committedOffsets('app', [{ topic, partition }])
      return found?.offset
    },
  }
}
