import { TopologyTestDriver, type TopologyTestDriverOptions } from '@millrace/testing'
import { setTimeout as milliseconds } from 'node:timers/promises'
import {
  type AsyncCall,
  type AsyncOrdering,
  type FixedKeyProcessorContext,
  int,
  keyValueStore,
  StreamsBuilder,
  string,
  type MapValuesAsyncOptions,
} from '@millrace/core'
import { afterEach, expect, it } from 'vitest'

const texts = { key: string(), value: string() }
type Mapper = (value: string, key: string, call: AsyncCall) => string | Promise<string>

let driver: TopologyTestDriver | undefined
afterEach(() => driver?.close().catch(() => undefined))

/** Calls that end when the test says so, by their value. */
function gated() {
  const gates = new Map<unknown, PromiseWithResolvers<string>>()
  const started: unknown[] = []
  const mapper: Mapper = value => {
    started.push(value)
    const gate = Promise.withResolvers<string>()
    gates.set(value, gate)
    return gate.promise
  }
  const end = (...values: readonly string[]) => {
    for (const value of values) gates.get(value)!.resolve(value.toUpperCase())
  }
  const until = async (count: number) => {
    while (started.length < count) await milliseconds(1)
  }
  return { mapper, started, end, until }
}

async function driverOf(mapper: Mapper, options: MapValuesAsyncOptions, settings: TopologyTestDriverOptions = {}) {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).mapValuesAsync(mapper, options).to('out', { value: string() })
  driver = await TopologyTestDriver.create(builder.build(), settings)
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', { key: string(), value: string() })
  return { driver, input, output }
}

it.each<[AsyncOrdering, string[]]>([
  ['partition', ['A1', 'B1', 'A2', 'B2']],
  ['key', ['B1', 'B2', 'A1', 'A2']],
  ['none', ['B2', 'A2', 'B1', 'A1']],
])('passes results on in the order of %s', async (ordering, expected) => {
  const { mapper, end, until } = gated()
  const { input, output } = await driverOf(mapper, { ordering })
  const pairs = ['a1', 'b1', 'a2', 'b2'].map(value => [value[0]!, value] as const)
  const piped = input.pipeKeyValues(pairs, { commit: 'once' })
  await until(4)
  for (const value of ['b2', 'a2', 'b1', 'a1']) {
    end(value)
    await milliseconds(2)
  }
  await piped
  expect(output.readValuesToList()).toEqual(expected)
})

it('has no more calls under way than it may, and takes no record beyond', async () => {
  const { mapper, started, end, until } = gated()
  const { driver, input, output } = await driverOf(mapper, { concurrency: 2, ordering: 'none' })
  const piped = input.pipeValues(['a', 'b', 'c', 'd', 'e'], { commit: 'once' })
  await until(2)
  await milliseconds(5)
  expect(started).toEqual(['a', 'b'])
  expect(driver.tasks()[0]!.processed).toBe(2)
  end('b')
  await until(3)
  expect(started).toEqual(['a', 'b', 'c'])
  end('a', 'c')
  await until(5)
  end('d', 'e')
  await piped
  expect(output.readValuesToList()).toEqual(['B', 'A', 'C', 'D', 'E'])
})

it('begins what an operator above has made too much of one record as soon as there is room', async () => {
  let most = 0
  let underWay = 0
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .flatMapValues(line => line.split(' '))
    .mapValuesAsync(
      async word => {
        most = Math.max(most, ++underWay)
        await milliseconds(1)
        underWay--
        return word.length
      },
      { concurrency: 3 },
    )
    .to('out', { value: int() })
  driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('in', texts).pipeInput('to be or not to be that is')
  expect(driver.createOutputTopic('out', { key: string(), value: int() }).readValuesToList()).toEqual([
    2, 2, 2, 3, 2, 2, 4, 2,
  ])
  expect(most).toBe(3)
})

it('gives results the time, the headers and the place of their records', async () => {
  const headers = [{ key: 'trace', value: Buffer.from('t1') }]
  const seen: unknown[] = []
  const mapper: Mapper = async (value, _key, call) => {
    seen.push([call.attempt, call.record, call.headers.map(({ key }) => key)])
    await milliseconds(value === 'slow' ? 5 : 0)
    return value
  }
  const { input, output } = await driverOf(mapper, { ordering: 'none' })
  await input.pipeRecords(
    [
      { key: 'k', value: 'slow', timestamp: 77, headers },
      { key: 'k', value: 'fast', timestamp: 99 },
    ],
    { commit: 'once' },
  )
  const records = output.readRecordsToList()
  expect(records.map(record => [record.value, record.timestamp, record.headers.length])).toEqual([
    ['fast', 99, 0],
    ['slow', 77, 1],
  ])
  expect(seen).toEqual([
    [1, { topic: 'in', partition: 0, offset: 0, timestamp: 77 }, ['trace']],
    [1, { topic: 'in', partition: 0, offset: 1, timestamp: 99 }, []],
  ])
})

it('tries again after pauses that double, and not longer than it may', async () => {
  const times: number[] = []
  let left = 4
  const mapper: Mapper = async (value, _key, { attempt }) => {
    times.push(driver!.wallClockMs)
    if (left-- > 0) throw new Error('not yet')
    return `${value} ${attempt}`
  }
  const retry = { times: 5, backoffMs: 100, maxBackoffMs: 300 }
  const { driver: made, input, output } = await driverOf(mapper, { retry })
  const start = made.wallClockMs
  await input.pipeInput('a')
  expect(output.readValuesToList()).toEqual(['a 5'])
  expect(times.map(time => time - start)).toEqual([0, 100, 300, 600, 900])
})

it('gives up an attempt that takes too long, and tells the function so', async () => {
  const aborted: unknown[] = []
  const mapper: Mapper = (value, _key, { signal, attempt }) => {
    if (attempt === 2) return `${value} at last`
    return new Promise(() => signal.addEventListener('abort', () => aborted.push((signal.reason as Error).message)))
  }
  const { driver: made, input, output } = await driverOf(mapper, { timeoutMs: 700, retry: { times: 1, backoffMs: 50 } })
  const start = made.wallClockMs
  await input.pipeInput('a')
  expect(output.readValuesToList()).toEqual(['a at last'])
  expect(aborted).toEqual([expect.stringMatching(/^MILLRACE_ASYNC_TIMEOUT: no result within 700 ms/)])
  expect(made.wallClockMs - start).toBe(750)
})

const failing: Mapper = async value => {
  if (value === 'bad') throw new Error('the service says no')
  return value
}

it('fails by default with operator, key and offset named', async () => {
  const { input } = await driverOf(failing, { name: 'rates', retry: { times: 2 } })
  await input.pipeInput('k1', 'good')
  const piped = input.pipeInput('k2', 'bad')
  await expect(piped).rejects.toMatchObject({
    code: 'MILLRACE_PROCESSING_FAILED',
    message: expect.stringContaining(
      'rates failed for the key "k2" of in-0 at offset 1, attempt 3: the service says no',
    ),
  })
})

it('goes on without bad records where it is told to', async () => {
  const { driver: made, input, output } = await driverOf(failing, {}, { onBadRecord: 'continue' })
  await input.pipeValues(['a', 'bad', 'b'], { commit: 'once' })
  expect(output.readValuesToList()).toEqual(['a', 'b'])
  expect(made.metrics().find(({ name }) => name === 'failed-records')?.value).toBe(1)
})

it('keeps bad records, as they were, in the dead-letter topic', async () => {
  const { driver: made, input } = await driverOf(failing, {}, { onBadRecord: { deadLetterTopic: 'dead' } })
  const dead = made.createOutputTopic('dead', texts)
  await input.pipeRecords(
    [
      { key: 'k', value: 'bad', timestamp: 5 },
      { key: 'k', value: 'good', timestamp: 6 },
    ],
    { commit: 'once' },
  )
  const [record] = dead.readRecordsToList()
  expect(record).toMatchObject({ key: 'k', value: 'bad', timestamp: 5 })
  const header = (name: string) => record!.headers.find(({ key }) => key === name)?.value?.toString()
  expect(header('__streams.errors.exception')).toBe('MILLRACE_ASYNC_FAILED')
  expect(header('__streams.errors.offset')).toBe('0')
})

it('commits no offset past a record that is not finished, with at_least_once', async () => {
  const { mapper, end, until } = gated()
  const { driver: made, input } = await driverOf(mapper, { ordering: 'none' }, { commitIntervalMs: 0 })
  const committed = () => made.cluster.committedOffsets('topology-test-driver').map(({ offset }) => offset)
  const piped = input.pipeValues(['a', 'b', 'c'], { commit: 'once' })
  await until(3)
  end('a', 'c')
  while (committed()[0] !== 1) await milliseconds(1)
  await milliseconds(5)
  expect(committed()).toEqual([1])
  end('b')
  await piped
  await made.commit()
  expect(committed()).toEqual([3])
})

it('waits for what is under way before a member leaves', async () => {
  const { mapper, end, until } = gated()
  const { driver: made, input, output } = await driverOf(mapper, {}, { commitIntervalMs: 1_000_000 })
  const piped = input.pipeValues(['a'])
  await until(1)
  end('a')
  await piped
  await made.removeInstance(0)
  expect(output.readValuesToList()).toEqual(['A'])
  expect(made.cluster.committedOffsets('topology-test-driver').map(({ offset }) => offset)).toEqual([1])
})

it('waits at a commit for what a store above holds for done', async () => {
  const builder = new StreamsBuilder()
  const seen = keyValueStore({ name: 'seen', key: string(), value: string() })
  builder.addStateStore(seen)
  const order: string[] = []
  builder
    .stream('in', texts)
    .processValues(
      () => {
        let context: FixedKeyProcessorContext<string, string>
        return {
          init: given => void (context = given),
          async process({ key, value }) {
            const store = context.store(seen)
            if ((await store.get(key)) != null) return
            store.put(key, value)
            await context.forward({ key, value })
          },
        }
      },
      { stores: ['seen'], value: string() },
    )
    .mapValuesAsync(async value => {
      await milliseconds(5)
      order.push(`called ${value}`)
      return value
    })
    .to('out', { value: string() })
  driver = await TopologyTestDriver.create(builder.build(), {
    commitIntervalMs: 1,
  })
  const input = driver.createInputTopic('in', texts)
  await input.pipeKeyValues([
    ['k', 'first'],
    ['k', 'second'],
  ])
  expect(order).toEqual(['called first'])
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['first'])
})

it.each(['exactly_once', 'at_least_once'] as const)(
  'gets what a cache above emits, and what it logs, once in a commit (%s)',
  async processingGuarantee => {
    let calls = 0
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .count({ store: 'counts' })
      .toStream()
      .mapValuesAsync(async count => {
        // A commit that emits the same again and again would never end.
        if (++calls > 3) throw new Error(`call ${calls}`)
        await milliseconds(1)
        return `${count} times`
      })
      .to('out', texts)
    driver = await TopologyTestDriver.create(builder.build(), { processingGuarantee })
    const input = driver.createInputTopic('in', texts)
    const output = driver.createOutputTopic('out', texts)
    const changelog = driver.createOutputTopic('topology-test-driver-counts-changelog', texts)
    const pairs = (keys: string) => Array.from(keys, key => [key, 'x'] as const)
    await input.pipeKeyValues(pairs('aab'), { commit: 'once' })
    await input.pipeKeyValues(pairs('a'), { commit: 'once' })
    expect(output.readRecordsToList().map(({ key, value }) => `${key} ${value}`)).toEqual([
      'a 2 times',
      'b 1 times',
      'a 3 times',
    ])
    expect(changelog.readRecordsToList().map(({ key }) => key)).toEqual(['a', 'b', 'a'])
  },
)

it.each([
  [{ concurrency: 0 }, 'concurrency must be a whole number from 1, but it is 0'],
  [{ timeoutMs: Infinity }, 'timeoutMs must be a whole number of milliseconds from 1, but it is Infinity'],
  [{ retry: { times: -1 } }, 'retry.times must be a whole number from 0, but it is -1'],
  [{ ordering: 'topic' as never }, 'ordering must be "key" or "partition" or "none"'],
])('refuses %j', (options, reason) => {
  const stream = new StreamsBuilder().stream('in', texts)
  expect(() => stream.mapValuesAsync(async value => value, options)).toThrow(reason)
})
