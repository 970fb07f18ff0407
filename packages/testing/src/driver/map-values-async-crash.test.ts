import { setImmediate as nextTurn } from 'node:timers/promises'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, memoryStore, NO_HEADERS, StreamsBuilder, string } from '@millrace/core'
import { Metrics, silentLogger } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { readCommitted } from '../simulation/read-records.ts'
import { TestInstance } from './test-instance.ts'

const texts = { key: string(), value: string() }

it.each(['at_least_once', 'exactly_once'] as const)(
  'processes what was under way at a crash again, with %s',
  async processingGuarantee => {
    const clock = new ManualClock(0)
    const cluster = new MemoryCluster({ clock })
    for (const name of ['in', 'out']) cluster.createTopic({ name, partitions: 1 })
    const honest = memoryClient(cluster)({ clientId: 'honest', clock, logger: silentLogger })
    const producer = honest.producer({})
    await producer.init()
    const none = Buffer.alloc(0)
    for (const value of ['a', 'b', 'c']) {
      const bytes = Buffer.from(value)
      producer.topic('in').append(0, 0, none, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
    }
    await producer.flush()

    let stuck = true
    const calls: string[] = []
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .mapValuesAsync(
        async value => {
          calls.push(value)
          return value === 'b' && stuck ? await new Promise<string>(() => undefined) : value
        },
        { ordering: 'none' },
      )
      .to('out', { value: string() })
    const plan = builder.build()
    const member = (number: number) =>
      new TestInstance({
        number,
        plan,
        options: {
          applicationId: 'app',
          client: memoryClient(cluster),
          processingGuarantee,
          commitIntervalMs: processingGuarantee === 'exactly_once' ? 3_600_000 : 0,
          sessionTimeoutMs: 6000,
          clock,
          logger: silentLogger,
        },
        client: memoryClient(cluster),
        disk: { store: memoryStore() },
        metrics: new Metrics(),
        onRestored: () => undefined,
      })
    const committed = () => cluster.committedOffsets('app').map(({ offset }) => offset)
    const stepUntil = async ({ instance }: TestInstance, done: () => boolean) => {
      for (let round = 0; round < 5000 && !done(); round++) {
        await instance.step(0)
        await nextTurn()
      }
    }

    const first = member(0)
    await first.instance.begin(new AbortController().signal)
    await stepUntil(first, () => calls.length === 3)
    for (let round = 0; round < 20; round++) {
      await first.instance.step(0)
      await nextTurn()
    }
    // The transaction that "b" is part of waits for it; without transactions what was before it is committed.
    expect(committed()).toEqual(processingGuarantee === 'exactly_once' ? [] : [1])
    first.crash()
    stuck = false
    await clock.advance(10_000)

    const second = member(1)
    await second.instance.begin(new AbortController().signal)
    await stepUntil(second, () => calls.includes('c', 3) && second.instance.tasks[0]?.calls?.size === 0)
    await second.instance.commit()
    expect(committed()).toEqual([3])
    const values = (await readCommitted(honest, 'out')).map(({ valueBytes }) => Buffer.from(valueBytes!).toString())
    expect(values.toSorted()).toEqual(processingGuarantee === 'exactly_once' ? ['a', 'b', 'c'] : ['a', 'b', 'c', 'c'])
    await second.instance.end({ clean: true, leave: true })
    await honest.close()
  },
)
