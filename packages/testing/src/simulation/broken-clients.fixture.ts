import type { MemoryClient } from '@millrace/client-memory'
import type { CommittedOffset, GroupConsumerOptions, GroupMetadata, Producer, ProducerOptions } from '@millrace/core'
import { withMethod } from './with-method.ts'

type Append = Parameters<ReturnType<Producer['topic']>['append']>

/** One call of this many goes wrong. */
const EVERY = 5

function withProducer(client: MemoryClient, change: (producer: Producer, options: ProducerOptions) => Producer) {
  return withMethod(client, 'producer', (options: ProducerOptions) => change(client.producer(options), options))
}

/** @param instead what the producer does in place of an append, now and then */
function withAppends(
  client: MemoryClient,
  isMeant: (topic: string) => boolean,
  instead: (append: () => void) => { readonly later?: () => void },
) {
  // By topic, so that not always the same one of several is met.
  const counts = new Map<string, number>()
  return withProducer(client, producer => {
    const owed = new Map<string, () => void>()
    const pay = (name: string) => {
      owed.get(name)?.()
      owed.delete(name)
    }
    const topic = (name: string, options?: Parameters<Producer['topic']>[1]) => {
      const appender = producer.topic(name, options)
      if (!isMeant(name)) return appender
      return withMethod(appender, 'append', (...args: Append) => {
        // The caller uses its buffers again.
        const [partition, timestamp, key, keyStart, keyEnd, value, ...rest] = args
        const copy: Append = [partition, timestamp, Buffer.from(key), keyStart, keyEnd, Buffer.from(value), ...rest]
        const append = () => appender.append(...copy)
        const count = (counts.get(name) ?? 0) + 1
        counts.set(name, count)
        if (owed.has(name) || count % EVERY !== 0) {
          append()
          return pay(name)
        }
        const { later } = instead(append)
        if (later !== undefined) owed.set(name, later)
      })
    }
    const flush = () => {
      for (const name of owed.keys()) pay(name)
      return producer.flush()
    }
    return withMethod(withMethod(producer, 'topic', topic), 'flush', flush)
  })
}

const isResult = (topic: string) => topic === 'copies' || topic.endsWith('-repartition')

/** Reads everything, also what is not committed. */
export function readsUncommitted(client: MemoryClient): MemoryClient {
  return withMethod(client, 'groupConsumer', (options: GroupConsumerOptions) =>
    client.groupConsumer({ ...options, isolationLevel: 'read_uncommitted' }),
  )
}

/** Says that all records were written, and leaves some out. */
export function losesRecords(client: MemoryClient): MemoryClient {
  return withAppends(client, isResult, () => ({}))
}

export function losesChanges(client: MemoryClient): MemoryClient {
  return withAppends(
    client,
    topic => topic.endsWith('-changelog'),
    () => ({}),
  )
}

/** As by requests that are sent again without sequence numbers. */
export function repeatsRecords(client: MemoryClient): MemoryClient {
  return withAppends(client, isResult, append => {
    append()
    append()
    return {}
  })
}

/** As with several requests under way of which the first one is sent again. */
export function swapsRecords(client: MemoryClient): MemoryClient {
  return withAppends(client, isResult, later => ({ later }))
}

/** A copy of the offsets of the transaction before comes last (KAFKA-17754). */
export function commitsOldOffsets(client: MemoryClient): MemoryClient {
  let count = 0
  let before: readonly CommittedOffset[] = []
  return withProducer(client, producer => {
    const sendOffsets = async (offsets: readonly CommittedOffset[], group: GroupMetadata) => {
      await producer.sendOffsets(offsets, group)
      if (++count % EVERY !== 0) before = offsets
      else
        await producer.sendOffsets(
          before.map(one => ({ ...one, offset: Math.max(0, one.offset - 1) })),
          group,
        )
    }
    return withMethod(producer, 'sendOffsets', sendOffsets)
  })
}

/** Writes one topic in a transaction of its own, which does not always end as the other. */
export function tearsTransactions(client: MemoryClient): MemoryClient {
  let count = 0
  return withProducer(client, (producer, options) => {
    if (options.transactionalId === undefined) return producer
    const other = client.producer({ ...options, transactionalId: `${options.transactionalId}-other` })
    const both = async (run: (one: Producer) => Promise<unknown>) => {
      await run(other)
      return await run(producer)
    }
    const changes: Partial<Producer> = {
      init: async () => void (await both(one => one.init())),
      topic: (name, given) => (name === 'copies' ? other : producer).topic(name, given),
      flush: async () => [...(await other.flush()), ...(await producer.flush())],
      begin() {
        other.begin()
        producer.begin()
      },
      async commit() {
        await other.flush()
        await (++count % EVERY === 0 ? other.abort() : other.commit())
        await producer.commit()
      },
      abort: async () => void (await both(one => one.abort())),
      close: async () => void (await both(one => one.close())),
    }
    return Object.entries(changes).reduce<Producer>(
      (broken, [name, method]) => withMethod(broken, name as keyof Producer, method),
      producer,
    )
  })
}
