import { type KStream, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
type Texts = KStream<string, string, 'key' | 'value'>
/** Gives what the function must not give, for the value "bad" alone. */
type Or = <T>(value: unknown, good: T) => T
type Make = (stream: Texts, or: Or, builder: StreamsBuilder) => KStream<string, string | null>

const table = (builder: StreamsBuilder) => builder.table('table', texts)
const results: Record<string, { readonly given: readonly unknown[]; readonly operator: string; readonly make: Make }> =
  {
    map: {
      given: [undefined, null, { key: 'k', value: 'v' }, ['k'], [undefined, 'v'], ['k', undefined], 'kv'],
      operator: 'KSTREAM-MAP-',
      make: (stream, or) => stream.map((value, key) => or(value, [key, value])),
    },
    'asynchronous map': {
      given: [undefined, null],
      operator: 'KSTREAM-MAP-',
      make: (stream, or) => stream.map(async (value, key) => or(value, [key, value])),
    },
    flatMap: {
      given: [undefined, null, 7, 'text', [['k']], [undefined], [{ key: 'k', value: 'v' }]],
      operator: 'KSTREAM-FLATMAP-',
      make: (stream, or) => stream.flatMap((value, key) => or(value, [[key, value]])),
    },
    flatMapValues: {
      given: [undefined, null, 7, 'text', [undefined]],
      operator: 'KSTREAM-FLATMAPVALUES-',
      make: (stream, or) => stream.flatMapValues(value => or(value, [value])),
    },
    mapValues: {
      given: [undefined],
      operator: 'KSTREAM-MAPVALUES-',
      make: (stream, or) => stream.mapValues(value => or(value, value)),
    },
    mapValuesAsync: {
      given: [undefined],
      operator: 'MAPVALUESASYNC',
      make: (stream, or) => stream.mapValuesAsync(async value => or(value, value)),
    },
    selectKey: {
      given: [undefined],
      operator: 'KSTREAM-KEY-SELECT-',
      make: (stream, or) => stream.selectKey((value, key) => or(value, key)),
    },
    'a topic chosen for each record': {
      given: [undefined, null, 7, ''],
      operator: 'KSTREAM-SINK-',
      make(stream, or) {
        stream.to(value => or(value, 'out'), texts)
        return stream.filter(() => false)
      },
    },
    'a partitioner': {
      given: [NaN, -1, 5, '0', {}, [0, 5]],
      operator: 'KSTREAM-SINK-',
      make(stream, or) {
        stream.to('out', { ...texts, partitioner: value => or(value, 0) })
        return stream.filter(() => false)
      },
    },
    aggregate: {
      given: [undefined],
      operator: 'KSTREAM-AGGREGATE-',
      make: (stream, or) =>
        stream
          .groupByKey()
          .aggregate(
            () => '',
            (_all, value) => or(value, value),
            texts,
          )
          .toStream(),
    },
    'mapValues of a table': {
      given: [undefined],
      operator: 'KTABLE-MAPVALUES-',
      make: (stream, or) =>
        stream
          .toTable()
          .mapValues(value => or(value, value))
          .toStream(),
    },
    transformValues: {
      given: [undefined],
      operator: 'KTABLE-TRANSFORMVALUES-',
      make: (stream, or) =>
        stream
          .toTable()
          .transformValues<string>(() => ({ transform: value => or(value, value) }), {})
          .toStream(),
    },
    'a join with a table': {
      given: [undefined],
      operator: 'KSTREAM-LEFTJOIN-',
      make: (stream, or, builder) => stream.leftJoin(table(builder), value => or(value, value)),
    },
    'what a processor forwards': {
      given: [undefined, null, 'text', {}, { key: 'k' }, { value: 'v' }, { key: 'k', value: 'v', timestamp: '5' }],
      operator: 'KSTREAM-PROCESSOR-',
      make: (stream, or) =>
        stream.process<string, string>(() => {
          let forward: (record: { key: string; value: string }) => unknown
          return {
            init: context => void (forward = record => context.forward(record)),
            process: ({ key, value }) => void forward(or(value, { key, value })),
          }
        }),
    },
  }

const cases = Object.entries(results).flatMap(([what, { given }]) =>
  given.map(bad => ({ what, bad, text: JSON.stringify(bad) ?? String(bad) })),
)

it.each(cases)('$what that gives $text is a bad record, under each policy', async ({ what, bad }) => {
  const { operator, make } = results[what]!
  for (const onBadRecord of ['fail', 'continue', { deadLetterTopic: 'dead' }] as const) {
    const builder = new StreamsBuilder()
    make(builder.stream('in', texts), (value, good) => (value === 'bad' ? (bad as typeof good) : good), builder).to(
      'out',
      texts,
    )
    const driver = await TopologyTestDriver.create(builder.build(), { onBadRecord })
    const input = driver.createInputTopic('in', texts)
    await input.pipeInput('a', '1')
    const piped = input.pipeInput('b', 'bad')
    if (onBadRecord === 'fail') {
      await expect(piped).rejects.toMatchObject({
        code: 'MILLRACE_PROCESSING_FAILED',
        message: expect.stringMatching(
          new RegExp(`${operator}.* in-0 at offset 1.*(with key "b"|SINK_PARTITION|SINK_TOPIC|TIMESTAMP_INVALID)`),
        ),
      })
      continue
    }
    await piped
    await input.pipeInput('c', '2')
    expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['1', '2'])
    const letters = driver.createOutputTopic('dead', texts).readValuesToList()
    expect(letters).toEqual(onBadRecord === 'continue' ? [] : ['bad'])
    await driver.close()
  }
})
