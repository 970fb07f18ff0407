import { MemoryCluster, memoryClient, type MemoryClient } from '@millrace/client-memory'
import {
  type ClientCapabilities,
  type ClientContext,
  type LogFields,
  type Logger,
  long,
  ManualClock,
  NO_HEADERS,
  type Plan,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { expect } from 'vitest'
import { resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { Instance } from './instance.ts'

export const PARTITIONS = 4
const texts = { key: string(), value: string() }

function counting(more: (b: StreamsBuilder) => void): Plan {
  const builder = new StreamsBuilder()
  more(builder)
  builder
    .stream('in', texts)
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to('out', { key: string(), value: long() })
  return builder.build()
}

export const version1 = counting(() => undefined)
/** Another part comes first, so that the task that was called 0_1 is called 1_1, and 0_1 is another one. */
export const version2 = counting(b => b.stream('other', texts).groupByKey().count({ store: 'others' }))
/** The tasks of version 1. */
export const alike = counting(b => b.stream('in', texts).foreach(() => undefined))

/** A group of instances under exactly-once, each stepped by hand; at no time do two have the same input. */
export async function twoVersions(capabilities: Partial<Pick<ClientCapabilities, 'rebalance' | 'transactions'>>) {
  const clock = new ManualClock(1_000)
  const cluster = new MemoryCluster({ clock })
  for (const name of ['in', 'other', 'out']) cluster.createTopic({ name, partitions: PARTITIONS })
  const factory = memoryClient(cluster, capabilities)
  const client = factory({ clientId: 'test', clock, logger: silentLogger })
  const producer = client.producer({})
  await producer.init()
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_fields: LogFields, message: string) => void warnings.push(message) }
  const all: Instance[] = []
  const clients = new Map<Instance, MemoryClient[]>()
  const step = async (instance: Instance) => {
    await instance.step(0)
    // Of an eager client tasks stand still, and are kept in case they come back.
    const inputs = all.filter(({ ready }) => ready || capabilities.rebalance !== 'eager').flatMap(inputsOf)
    expect(new Set(inputs).size, `nobody else has one of ${inputs.join()}`).toBe(inputs.length)
  }
  /** `slow` has its turn less often than the others. */
  const run = async (rounds = 40, slow?: Instance) => {
    for (let round = 0; round < rounds; round++) {
      for (const instance of all) if (instance !== slow || round % 15 === 0) await step(instance)
      await clock.advance(20)
    }
  }
  return {
    all,
    clock,
    warnings,
    run,
    step,
    async start(processId: string, plan: Plan): Promise<Instance> {
      const opened: MemoryClient[] = []
      const options = resolveOptions({
        ...{ applicationId: 'app', processId, clock, logger, caching: 'off' },
        ...{ processingGuarantee: 'exactly_once', sessionTimeoutMs: 3_000, transactionTimeoutMs: 5_000 },
        client: (context: ClientContext) => {
          const client = factory(context)
          opened.push(client)
          return client
        },
      })
      const instance = new Instance(plan, options)
      await instance.begin(new AbortController().signal)
      all.push(instance)
      clients.set(instance, opened)
      return instance
    },
    /** Ends it, while the others go on. */
    async stop(instance: Instance, { leave = true }: { readonly leave?: boolean } = {}): Promise<void> {
      all.splice(all.indexOf(instance), 1)
      let ended = false
      const ending = instance.end({ clean: true, leave }).then(() => (ended = true))
      while (!ended) await run(1)
      await ending
    },
    /** As when its process is gone. */
    crash(instance: Instance): void {
      all.splice(all.indexOf(instance), 1)
      for (const client of clients.get(instance)!) client.crash()
    },
    async sendToEach(): Promise<void> {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const key = Buffer.from(`key-${partition}`)
        producer.topic('in').append(partition, clock.now(), key, 0, key.length, key, 0, key.length, NO_HEADERS)
      }
      await producer.flush()
    },
    /** The counts of each key, as they were written. */
    async results(): Promise<ReadonlyMap<string, readonly number[]>> {
      const consumer = client.consumer({ isolationLevel: 'read_committed' })
      await consumer.assign(
        Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'out', partition, offset: 0 })),
      )
      const found = new Map<string, number[]>()
      for (const batch of await consumer.poll(0)) {
        for (const cursor = batch.cursor(); cursor.advance();) {
          const key = cursor.keyBytes.toString('utf8', cursor.keyStart, cursor.keyEnd)
          found.set(key, [...(found.get(key) ?? []), Number(cursor.valueBytes.readBigInt64BE(cursor.valueStart))])
        }
      }
      await consumer.close()
      return found
    },
  }
}

export function inputsOf(instance: Instance): readonly string[] {
  return instance.tasks.flatMap(({ queues }) => queues.map(({ topic, partition }) => `${topic}-${partition}`)).sort()
}
