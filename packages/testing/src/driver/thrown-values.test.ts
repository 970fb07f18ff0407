import { runInNewContext } from 'node:vm'
import { json, type KStream, type Serde, type StandardSchemaV1, StreamsBuilder, string, tumbling } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }

function fails(): never {
  throw new Error('a getter fails')
}

const revoked = Proxy.revocable({}, {})
revoked.revoke()

/** What JavaScript lets a function throw, and what has to be seen of it. */
const THROWN: readonly (readonly [string, unknown, RegExp])[] = [
  ['undefined', undefined, /undefined was thrown/],
  ['null', null, /null was thrown/],
  ['a text', 'upstream is down', /upstream is down/],
  ['a plain object', { status: 503, message: 'upstream is down' }, /upstream is down/],
  ['a frozen object', Object.freeze({ status: 503 }), /"status":503/],
  ['an object without a prototype', Object.assign(Object.create(null), { status: 503 }), /"status":503/],
  ['a toString that throws', { toString: fails, status: 503 }, /"status":503/],
  [
    'a message that cannot be read',
    Object.defineProperty(new Error(), 'message', { get: fails }),
    /Error without a message/,
  ],
  ['a proxy that was revoked', revoked.proxy, /cannot be shown/],
  ['an Error of another realm', runInNewContext(`new Error('upstream is down')`), /upstream is down/],
]

type Fail = (value: string) => string

const upperCase = (fail: Fail): Serde<string> => ({
  name: 'upper-case',
  serialize: (value, topic) => string().serialize(fail(value), topic),
  deserialize: (bytes, topic) => string().deserialize(bytes, topic),
})

const decoding = (fail: Fail): Serde<string> => ({
  name: 'decoding',
  serialize: (value, topic) => string().serialize(value, topic),
  deserialize: (bytes, topic) => fail(string().deserialize(bytes, topic)),
})

const schema = (fail: Fail): StandardSchemaV1<string> => ({
  '~standard': { version: 1, vendor: 'test', validate: value => ({ value: fail(String(value)) }) },
})

/** Each calls `fail` once for each record, and leads to "out" by value. */
const USES: readonly (readonly [string, (builder: StreamsBuilder, fail: Fail) => void])[] = [
  ['mapValues', (builder, fail) => out(builder.stream('in', texts).mapValues(fail))],
  ['map', (builder, fail) => out(builder.stream('in', texts).map((value, key) => [key, fail(value)]))],
  ['flatMap', (builder, fail) => out(builder.stream('in', texts).flatMap((value, key) => [[key, fail(value)]]))],
  ['filter', (builder, fail) => out(builder.stream('in', texts).filter(value => fail(value) !== ''))],
  ['peek', (builder, fail) => out(builder.stream('in', texts).peek(value => void fail(value)))],
  ['a promise of mapValues', (builder, fail) => out(builder.stream('in', texts).mapValues(async value => fail(value)))],
  ['mapValuesAsync', (builder, fail) => out(builder.stream('in', texts).mapValuesAsync(async value => fail(value)))],
  [
    'mapValuesAsync that is synchronous',
    (builder, fail) =>
      out(builder.stream('in', texts).mapValuesAsync((value): Promise<string> | string => fail(value))),
  ],
  [
    'process',
    (builder, fail) =>
      out(
        builder.stream('in', texts).process<string, string>(() => {
          let forward: (value: string) => void = () => undefined
          return {
            init: context => void (forward = value => void context.forward({ key: 'k', value })),
            process: ({ value }) => forward(fail(value)),
          }
        }),
      ),
  ],
  [
    'aggregate',
    (builder, fail) =>
      builder
        .stream('in', texts)
        .groupByKey()
        .aggregate(
          () => '',
          (_all, value) => fail(value),
          { value: string(), store: 'all' },
        )
        .toStream()
        .to('out', texts),
  ],
  [
    'a windowed reduce',
    (builder, fail) =>
      builder
        .stream('in', texts)
        .groupBy(value => fail(value), texts)
        .windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
        .reduce(value => value)
        .toStream()
        .map(value => ['k', value])
        .to('out', texts),
  ],
  [
    'a partitioner',
    (builder, fail) =>
      builder.stream('in', texts).to('out', { ...texts, partitioner: value => fail(value).length * 0 }),
  ],
  [
    'the choice of a topic',
    (builder, fail) => builder.stream('in', texts).to(value => (fail(value) === '' ? 'no' : 'out'), texts),
  ],
  [
    'a serde that encodes',
    (builder, fail) => builder.stream('in', texts).to('out', { key: string(), value: upperCase(fail) }),
  ],
  [
    'a serde that decodes',
    (builder, fail) => out(builder.stream('in', { key: string(), value: decoding(fail) }).mapValues(value => value)),
  ],
  [
    'a schema',
    (builder, fail) =>
      out(builder.stream('in', { key: string(), value: json(schema(fail)) }).mapValues(value => value)),
  ],
  [
    'a timestamp extractor',
    (builder, fail) =>
      out(
        builder
          .stream('in', { ...texts, timestampExtractor: ({ value }) => fail(value).length })
          .mapValues(value => value),
      ),
  ],
]

function out(stream: KStream<string, string>): void {
  stream.to('out', texts)
}

describe.each(THROWN)('%s, thrown', (_what, thrown, shown) => {
  const fail: Fail = value => {
    if (value.includes('bad')) throw thrown
    return value
  }
  const encode = (use: string, value: string) => (use === 'a schema' ? JSON.stringify(value) : value)

  it.each(USES)('by %s ends the application with MILLRACE_PROCESSING_FAILED', async (use, define) => {
    const builder = new StreamsBuilder()
    define(builder, fail)
    const driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('in', texts)
    await input.pipeInput('a', encode(use, '1'))
    await expect(input.pipeInput('b', encode(use, 'bad'))).rejects.toMatchObject({
      code: 'MILLRACE_PROCESSING_FAILED',
      message: expect.stringMatching(shown) as unknown,
    })
    await driver.close().catch(() => undefined)
  })

  it.each(USES)('by %s leaves the record out, with a dead letter', async (use, define) => {
    const builder = new StreamsBuilder()
    define(builder, fail)
    await using driver = await TopologyTestDriver.create(builder.build(), { onBadRecord: { deadLetterTopic: 'dead' } })
    const input = driver.createInputTopic('in', texts)
    for (const value of ['1', 'bad', '2']) await input.pipeInput('a', encode(use, value))
    expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['1', '2'])
    const [letter] = driver.createOutputTopic('dead', texts).readRecordsToList()
    const header = letter?.headers.find(({ key }) => key === '__streams.errors.message')?.value
    expect(Buffer.from(header ?? []).toString()).toMatch(shown)
  })

  it('by a timer is handled by the policy', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', texts).process<string, string>(() => ({
      init: context => void context.schedule(1_000, 'wall-clock', () => void fail('bad')),
      process() {},
    }))
    const driver = await TopologyTestDriver.create(builder.build())
    await expect(driver.advanceWallClock(1_000)).rejects.toMatchObject({
      code: 'MILLRACE_PROCESSING_FAILED',
      message: expect.stringMatching(shown) as unknown,
    })
    await driver.close().catch(() => undefined)
  })

  it.each(['init', 'a promise of init'])('by %s of a processor names it', async how => {
    const builder = new StreamsBuilder()
    builder.stream('in', texts).process<string, string>(
      () => ({
        init: how === 'init' ? () => void fail('bad') : async () => void fail('bad'),
        process() {},
      }),
      { name: 'my-processor' },
    )
    await expect(TopologyTestDriver.create(builder.build())).rejects.toMatchObject({
      code: 'MILLRACE_PROCESSOR_FAILED',
      message: expect.stringMatching(new RegExp(`my-processor failed in init.*${shown.source}`)) as unknown,
    })
  })

  it('by a logger is not the end of the application', async () => {
    const logger = { ...silentLogger, warn: () => fail('bad'), info: () => fail('bad') }
    const builder = new StreamsBuilder()
    out(builder.stream('in', texts).mapValues(value => (value === 'bad' ? fails() : value)))
    await using driver = await TopologyTestDriver.create(builder.build(), {
      logger,
      onBadRecord: 'continue',
    })
    const input = driver.createInputTopic('in', texts)
    for (const value of ['1', 'bad', '2']) await input.pipeInput('a', value)
    expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['1', '2'])
  })
})
