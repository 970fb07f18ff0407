import {
  type BaseProcessorContext,
  type ClientFactory,
  type KeyValueStore,
  keyValueStore,
  PROGRESS_OVERDUE,
  PROGRESS_RECORDS,
  type ProgressSign,
  type ProcessorContext,
  sessions,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import type { KafkaStreamsOptions } from '../config/options.ts'
import { testApplication } from './application.fixture.ts'

const TIMEOUT_MS = 1000
const texts = { key: string(), value: string() }
const INPUT = ['first', 'bad', 'last'].map(value => ({ key: `k-${value}`, value }))
const NAMED = `slow took more than ${TIMEOUT_MS} ms for the record with key "k-bad" at offset 1 of in-0`
const ENDS = { code: 'MILLRACE_PROCESSING_FAILED', cause: { code: 'MILLRACE_PROCESSING_TIMEOUT' } }

interface RunOptions {
  readonly onBadRecord?: KafkaStreamsOptions['onBadRecord']
  readonly processingTimeoutMs?: number
  readonly client?: (factory: ClientFactory) => ClientFactory
  /** Moves the clock on for one round. */
  readonly pass?: (clock: ReturnType<typeof testApplication>['clock']) => Promise<void>
}

/** Runs the topology over the input while time passes, until all is committed or the application has ended by an error. */
async function run(build: (builder: StreamsBuilder) => void, options: RunOptions = {}) {
  const { onBadRecord = 'fail', processingTimeoutMs = TIMEOUT_MS, client = factory => factory } = options
  const { pass = clock => clock.advance(100) } = options
  const app = testApplication({ in: 1, out: 1, dead: 1 })
  const builder = new StreamsBuilder()
  build(builder)
  const settings = { processingTimeoutMs, commitIntervalMs: 100, onBadRecord, client: client(app.factory) }
  const instance = await app.start(builder.build(), settings)
  await app.send('in', INPUT)
  let failure: unknown
  let stopped = false
  const steps = async () => {
    while (!stopped) {
      await instance.step(0)
      await app.clock.sleep(10)
    }
  }
  const looping = steps().catch((error: unknown) => (failure = error))
  for (let round = 0; round < 60 && failure === undefined && (await app.committed('in')) !== INPUT.length; round++) {
    await pass(app.clock)
  }
  const values = async (topic: string) => {
    const consumer = app.client.consumer({ isolationLevel: 'read_committed' })
    await consumer.assign([{ topic, partition: 0, offset: 0 }])
    const cursors = (await consumer.poll(0)).map(batch => batch.cursor())
    const found: string[] = []
    for (const cursor of cursors) {
      while (cursor.advance()) found.push(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd))
    }
    return found
  }
  const [out, dead] = [await values('out'), await values('dead')]
  const committed = await app.committed('in')
  const end = async () => {
    stopped = true
    await app.clock.advance(TIMEOUT_MS)
    if (processingTimeoutMs !== Infinity) await looping
    await instance.end({ clean: false, leave: true })
  }
  return { app, failure, out, dead, committed, end }
}

const never = <T>() => new Promise<T>(() => {})
const unlessBad = <T>(value: string, result: T): T | Promise<T> => (value === 'bad' ? never() : result)

describe('a function whose promise does not come in time', () => {
  it.each<[string, (builder: StreamsBuilder) => void]>([
    ['mapValues', b => void b.stream('in', texts).mapValues(v => unlessBad(v, v), { name: 'slow' })],
    ['filter', b => void b.stream('in', texts).filter(v => unlessBad(v, true), { name: 'slow' })],
    ['foreach', b => b.stream('in', texts).foreach(v => unlessBad(v, undefined), { name: 'slow' })],
    [
      'aggregate',
      b => {
        const grouped = b.stream('in', texts).groupByKey()
        grouped.aggregate(
          () => '',
          (all, v) => unlessBad(v, all + v),
          { name: 'slow', value: string() },
        )
      },
    ],
    [
      'aggregate of sessions',
      b => {
        const grouped = b.stream('in', texts).groupByKey()
        const windowed = grouped.windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 }))
        windowed.aggregate(
          () => '',
          (all, v) => unlessBad(v, all + v),
          (one, other) => one + other,
          { name: 'slow', value: string() },
        )
      },
    ],
    [
      'process',
      b => {
        const process = ({ value }: { value: string }) => unlessBad(value, undefined)
        b.stream('in', texts).process(() => ({ process }), { name: 'slow' })
      },
    ],
  ])('ends the application with operator, key and offset named: %s', async (_operator, build) => {
    const { failure, committed, end } = await run(build)
    expect(failure).toMatchObject(ENDS)
    expect(String(failure)).toContain(NAMED)
    expect(committed ?? 0).toBeLessThanOrEqual(1)
    await end()
  })

  it.each([
    ['is skipped', 'continue', []],
    ['goes to the dead-letter topic', { deadLetterTopic: 'dead' }, ['bad']],
  ] as const)('%s as onBadRecord says, and what it comes to later is of no interest', async (_what, policy, kept) => {
    let give = (_value: string): void => undefined
    const { app, failure, out, dead, end } = await run(
      b => {
        const slow = () => new Promise<string>(resolve => (give = resolve))
        const mapped = b.stream('in', texts).mapValues(v => (v === 'bad' ? slow() : v), { name: 'slow' })
        mapped.to('out', texts)
      },
      { onBadRecord: policy },
    )
    give('late')
    await app.clock.advance(1000)
    expect([failure, out, dead]).toEqual([undefined, ['first', 'last'], kept])
    expect(app.cluster.log({ topic: 'out', partition: 0 }).highWatermark).toBe(2)
    await end()
  })

  it('has another processor take its place, which alone may forward and punctuate', async () => {
    const made: ProcessorContext<string, string>[] = []
    const refused: unknown[] = []
    const punctuated: number[] = []
    let give = (): void => undefined
    const { app, out, committed, end } = await run(
      b => {
        const stream = b.stream('in', texts).process<string, string>(
          () => {
            let context: ProcessorContext<string, string>
            return {
              init(given) {
                context = given
                const number = made.push(given)
                given.schedule(10, 'wall-clock', () => void punctuated.push(number))
              },
              async process(record) {
                if (record.value === 'bad') await new Promise<void>(resolve => (give = resolve))
                try {
                  await context.forward(record)
                } catch (error) {
                  refused.push(error)
                }
              },
            }
          },
          { name: 'slow' },
        )
        stream.to('out', texts)
      },
      { onBadRecord: 'continue' },
    )
    expect([out, committed, made.length]).toEqual([['first', 'last'], 3, 2])
    punctuated.length = 0
    give()
    await app.clock.advance(200)
    expect(refused).toMatchObject([{ code: 'MILLRACE_PROCESSOR_ABANDONED' }])
    expect(new Set(punctuated)).toEqual(new Set([2]))
    expect(app.cluster.log({ topic: 'out', partition: 0 }).highWatermark).toBe(2)
    await end()
  })

  it('can no longer use its stores', async () => {
    const outcomes: unknown[] = []
    let give = (): void => undefined
    const { app, out, end } = await run(
      b => {
        b.addStateStore(keyValueStore({ name: 'own', ...texts }))
        const stream = b.stream('in', texts).process<string, string>(
          () => {
            let context: ProcessorContext<string, string>
            return {
              init(given) {
                context = given
              },
              async process(record) {
                const store = context.store('own') as KeyValueStore<string, string>
                if (record.value !== 'bad') return await context.forward(record)
                await new Promise<void>(resolve => (give = resolve))
                for (const use of [() => store.put('k', 'late'), () => store.get('k'), () => context.store('own')]) {
                  try {
                    outcomes.push(use())
                  } catch (error) {
                    outcomes.push((error as { code?: string }).code)
                  }
                }
              },
            }
          },
          { name: 'slow', stores: ['own'] },
        )
        stream.to('out', texts)
      },
      { onBadRecord: 'continue' },
    )
    give()
    await app.clock.advance(200)
    expect(out).toEqual(['first', 'last'])
    expect(new Set(outcomes)).toEqual(new Set(['MILLRACE_PROCESSOR_ABANDONED']))
    await end()
  })

  it('of a transformer can no longer use its stores, while the next call can', async () => {
    const outcomes: unknown[] = []
    let give = (): void => undefined
    const { app, failure, out, end } = await run(
      b => {
        b.addStateStore(keyValueStore({ name: 'own', ...texts }))
        const rows = b.table('in', texts).transformValues<string>(
          () => {
            let context: BaseProcessorContext
            return {
              init(given) {
                context = given
              },
              async transform(value, key) {
                const store = context.store('own') as KeyValueStore<string, string>
                if (value === 'bad') await new Promise<void>(resolve => (give = resolve))
                try {
                  store.put(key, 'seen')
                } catch (error) {
                  outcomes.push((error as { code?: string }).code)
                }
                return value
              },
            }
          },
          { name: 'slow', stores: ['own'] },
        )
        rows.toStream().to('out', texts)
      },
      { onBadRecord: 'continue' },
    )
    give()
    await app.clock.advance(200)
    expect([failure, out, outcomes]).toEqual([undefined, ['first', 'last'], ['MILLRACE_CONTEXT_OUTLIVED']])
    await end()
  })

  it('is noticed in a punctuation, of which no record is to blame', async () => {
    const { failure, end } = await run(b => {
      const init = (context: ProcessorContext<string, string>) =>
        void context.schedule(50, 'wall-clock', () => never<void>())
      b.stream('in', texts).process(() => ({ init, process: () => undefined }), { name: 'slow' })
    })
    expect(failure).toMatchObject(ENDS)
    expect(String(failure)).toMatch(/slow failed \(task 0_0\): .*slow took more than 1000 ms in a timer/)
    expect(String(failure)).not.toMatch(/\(none\)|-1/)
    await end()
  })

  it('has as long as it likes without a limit', async () => {
    const slow = (b: StreamsBuilder) => void b.stream('in', texts).mapValues(v => unlessBad(v, v), { name: 'slow' })
    const { app, failure, committed, end } = await run(slow, { processingTimeoutMs: Infinity })
    await app.clock.advance(1_000_000)
    expect([failure, committed]).toEqual([undefined, undefined])
    await end().catch(() => undefined)
  })

  it('is not taken for slow when the whole process stood still', async () => {
    const bad = Promise.withResolvers<string>()
    let rounds = 0
    const { failure, out, end } = await run(
      b => {
        const mapped = b.stream('in', texts).mapValues(v => (v === 'bad' ? bad.promise : v), { name: 'slow' })
        mapped.to('out', texts)
      },
      {
        async pass(clock) {
          await clock.advance(10)
          if (++rounds === 3) clock.jump(1_000_000)
          if (rounds === 6) bad.resolve('bad')
        },
      },
    )
    expect([failure, out]).toEqual([undefined, ['first', 'bad', 'last']])
    await end()
  })
})

describe('a function that does not let the thread go', () => {
  /** As the thread that sends heartbeats writes it, while this one is blocked. */
  function watched(): { progress: () => ProgressSign; client: (factory: ClientFactory) => ClientFactory } {
    let progress: ProgressSign | undefined
    return {
      progress: () => progress!,
      client: factory => context => {
        const client = factory(context)
        const open = client.groupConsumer.bind(client)
        const groupConsumer: typeof open = options => {
          expect(options.processingTimeoutMs).toBe(TIMEOUT_MS)
          progress = options.progress
          return open(options)
        }
        return Object.assign(client, { groupConsumer })
      },
    }
  }

  it.each<[string, (builder: StreamsBuilder, block: (value: string) => string) => void]>([
    [
      'mapValues',
      (b, block) =>
        b
          .stream('in', texts)
          .mapValues(v => block(v), { name: 'slow' })
          .to('out', texts),
    ],
    [
      'mapValuesAsync',
      (b, block) =>
        b
          .stream('in', texts)
          .mapValuesAsync(v => block(v), { name: 'slow', concurrency: 1 })
          .to('out', texts),
    ],
  ])('fails with operator, key and offset named, before its result goes on: %s', async (_operator, build) => {
    for (const onBadRecord of ['fail', 'continue'] as const) {
      const { progress, client } = watched()
      const block = (value: string) => {
        if (value === 'bad') Atomics.store(progress(), PROGRESS_OVERDUE, 1)
        return value
      }
      const { failure, out, end } = await run(b => build(b, block), { onBadRecord, client })
      if (onBadRecord === 'continue') expect([failure, out]).toEqual([undefined, ['first', 'last']])
      else {
        expect(failure).toMatchObject(ENDS)
        expect(String(failure)).toContain(NAMED)
      }
      expect(Atomics.load(progress(), PROGRESS_OVERDUE)).toBe(0)
      await end()
    }
  })

  it('is known by its source where it is no operator, as a serde', async () => {
    const { progress, client } = watched()
    const text = string()
    const slowSerde = {
      name: 'slow',
      serialize: text.serialize,
      deserialize(bytes: Uint8Array, topic: string) {
        const value = text.deserialize(bytes, topic)
        if (value === 'bad') Atomics.store(progress(), PROGRESS_OVERDUE, 1)
        return value
      },
    }
    const { failure, end } = await run(
      b => b.stream('in', { key: string(), value: slowSerde, name: 'input' }).to('out', texts),
      { client },
    )
    expect(failure).toMatchObject(ENDS)
    expect(String(failure)).toContain(
      'input took more than 1000 ms for the record with key "k-bad" at offset 1 of in-0',
    )
    await end()
  })

  it('counts each record that is done, so that many short ones are not taken for a long one', async () => {
    const { progress, client } = watched()
    const { end } = await run(b => b.stream('in', texts).to('out', texts), { client })
    expect(Atomics.load(progress(), PROGRESS_RECORDS)).toBe(INPUT.length)
    await end()
  })

  it('has blocked the thread between two turns, and is none of the topology', async () => {
    const { progress, client } = watched()
    const { failure, out, end } = await run(
      b =>
        b
          .stream('in', texts)
          .mapValues(v => v)
          .to('out', texts),
      {
        client,
        async pass(clock) {
          Atomics.store(progress(), PROGRESS_OVERDUE, 1)
          await clock.advance(100)
        },
      },
    )
    expect([failure, out]).toEqual([undefined, ['first', 'bad', 'last']])
    await end()
  })
})
