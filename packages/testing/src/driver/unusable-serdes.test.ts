import { customWindows, fromPayload, long, type Plan, type Serde, StreamsBuilder, string } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const never = (given: unknown) => given as never

/** What the process would end with. */
const unhandled: unknown[] = []
const note = (reason: unknown) => void unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(() => void process.off('unhandledRejection', note))

async function skipped(topology: Plan): Promise<readonly string[]> {
  const reasons: string[] = []
  const logger = {
    ...silentLogger,
    warn: (fields: Readonly<Record<string, unknown>>) => void reasons.push(String(fields['error'])),
  }
  await using driver = await TopologyTestDriver.create(topology, { onBadRecord: 'continue', logger })
  await driver.createInputTopic('in', texts).pipeInput('key', 'value', { timestamp: 3 })
  // A rejection that nobody handles is reported in a later turn.
  await new Promise(resolve => setImmediate(resolve))
  return reasons
}

const withSerde = (serde: Partial<Serde<string>>, side: 'source' | 'sink') => {
  const builder = new StreamsBuilder()
  const odd: Serde<string> = { ...{ name: 'odd', serialize: () => Buffer.alloc(0), deserialize: () => '' }, ...serde }
  const stream = builder.stream('in', side === 'source' ? { ...texts, value: odd } : texts)
  stream.mapValues(value => value).to('out', side === 'sink' ? { value: odd } : texts)
  return builder.build()
}

it.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['a text', 'text'],
  ['a number', 5],
  ['an array', [1, 2]],
  ['a function', () => undefined],
  ['a promise', Promise.resolve(Buffer.alloc(0))],
])('a serialize that returns %s is a bad record', async (_title, returned) => {
  const [reason] = await skipped(withSerde({ serialize: () => never(returned) }, 'sink'))
  expect(reason).toMatch(/MILLRACE_SERDE_ENCODE.*serialize returned .*must return a Uint8Array/)
})

it.each<[string, () => unknown]>([
  ['undefined', () => undefined],
  ['a promise', async () => await Promise.resolve('text')],
  ['a promise that is rejected', async () => await Promise.reject(new Error('away'))],
])('a deserialize that returns %s is a bad record', async (_title, deserialize) => {
  const [reason] = await skipped(withSerde({ deserialize: () => never(deserialize()) }, 'source'))
  expect(reason).toMatch(/MILLRACE_SERDE_DECODE.*deserialize returned .*must return the value itself/)
})

/** Functions whose result is needed at once, which are given as async functions. */
const ASYNC: readonly (readonly [string, (failing: () => never) => Plan])[] = [
  ['a partitioner', failing => withStream(stream => stream.to('out', { partitioner: failing }))],
  ['the choice of a topic', failing => withStream(stream => stream.to(failing))],
  [
    'an initializer',
    failing => withStream(stream => stream.groupByKey().aggregate<string>(failing, () => '', { value: string() })),
  ],
  ['a timestamp extractor', failing => withSource({ timestampExtractor: failing })],
  ['the function of fromPayload', failing => withSource({ timestampExtractor: fromPayload(failing) })],
  [
    'a value that is forwarded',
    failing => withStream(stream => stream.process(() => forwarding(failing)).to('out', texts)),
  ],
]

function withSource(options: object): Plan {
  const builder = new StreamsBuilder()
  builder.stream('in', { ...texts, ...options }).to('out')
  return builder.build()
}

function withStream(use: (stream: ReturnType<typeof streamOf>) => unknown): Plan {
  const builder = new StreamsBuilder()
  use(streamOf(builder))
  return builder.build()
}

const streamOf = (builder: StreamsBuilder) => builder.stream('in', texts)

function forwarding(failing: () => never) {
  let forward: (record: { key: string; value: string }) => void | Promise<void>
  return {
    init: (context: { forward: typeof forward }) => void ({ forward } = context),
    process: () => forward({ key: 'key', value: failing() }),
  }
}

it.each(ASYNC)(
  '%s that returns a rejected promise is a bad record, and does not end the process',
  async (_title, topology) => {
    unhandled.length = 0
    const failing = () => never(Promise.reject(new Error('away')))
    expect(await skipped(topology(failing))).toHaveLength(1)
    expect(unhandled).toEqual([])
  },
)

it.each<[string, () => unknown]>([
  ['undefined', () => undefined],
  ['one window', () => ({ start: 0, end: 5 })],
  ['a window that starts before 0', () => [{ start: -1, end: 5 }]],
  ['a window that does not hold the timestamp', () => [{ start: 5, end: 15 }]],
  ['a window that ends at the timestamp', () => [{ start: 0, end: 3 }]],
  ['a window that ends before it starts', () => [{ start: 3, end: 1 }]],
  ['a window that is longer than maxSizeMs', () => [{ start: 0, end: 11 }]],
  ['a window without end', () => [{ start: 0, end: Number.POSITIVE_INFINITY }]],
  ['half milliseconds', () => [{ start: 0.5, end: 5 }]],
  ['bigints', () => [{ start: 0n, end: 5n }]],
  ['a window twice', () => [0, 0].map(start => ({ start, end: 5 }))],
  ['windows in descending order', () => [2, 0].map(start => ({ start, end: start + 5 }))],
  [
    'a window inside another',
    () => [
      { start: 0, end: 9 },
      { start: 1, end: 5 },
    ],
  ],
  ['a window without an end', () => [{ start: 0 }]],
  ['a promise', async () => await Promise.reject(new Error('away'))],
  [
    'nothing, but throws',
    () => {
      throw new Error('no such day')
    },
  ],
])('windowsFor that returns %s breaks its contract', async (_title, windowsFor) => {
  const windows = customWindows({ name: 'odd', maxSizeMs: 10, graceMs: 0, windowsFor: () => never(windowsFor()) })
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .windowedBy(windows)
    .count()
    .toStream((_count, { key }) => key)
    .to('out', { key: string(), value: long() })
  const [reason] = await skipped(builder.build())
  expect(reason).toMatch(/MILLRACE_WINDOWS_INVALID: The windows "odd" break the contract of windowsFor/)
})
