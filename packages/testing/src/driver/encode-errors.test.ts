import {
  json,
  keyValueStore,
  MillraceError,
  type ProcessorContext,
  type Serde,
  string,
  StreamsBuilder,
  tumbling,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
/** What JavaScript lets a function give. */
interface Row {
  readonly list: unknown
}
const rows = json<Row>()
const rowOf = (value: string): Row => ({ list: value === 'bad' ? [new Set(['x'])] : [] })
/** As a store of an immutable type: encoded when the cache is flushed. */
const late: Serde<Row> = { ...rows, immutable: true }

/** Each puts what cannot be encoded for a record "bad", and writes what it takes to "out". */
const programs: Record<string, { readonly by: string; readonly store?: string; make(builder: StreamsBuilder): void }> =
  {
    aggregate: {
      by: 'folded',
      store: 'kept',
      make: builder =>
        builder
          .stream('in', texts)
          .groupByKey()
          .aggregate(
            () => rowOf(''),
            (_row, value) => rowOf(value),
            { name: 'folded', store: 'kept', value: rows },
          )
          .toStream()
          .to('out', { value: rows }),
    },
    'aggregate, encoded at the flush of a cache': {
      by: 'folded',
      store: 'kept',
      make: builder =>
        builder
          .stream('in', texts)
          .groupByKey()
          .aggregate(
            () => rowOf(''),
            (_row, value) => rowOf(value),
            { name: 'folded', store: 'kept', value: late },
          )
          .toStream()
          .to('out', { value: late }),
    },
    'windowed aggregate': {
      by: 'folded',
      store: 'kept',
      make: builder =>
        builder
          .stream('in', texts)
          .groupByKey()
          .windowedBy(tumbling({ sizeMs: 1000, graceMs: 0 }))
          .aggregate(
            () => rowOf(''),
            (_row, value) => rowOf(value),
            { name: 'folded', store: 'kept', value: rows },
          )
          .toStream((_row, { key }) => key)
          .to('out', { key: string(), value: rows }),
    },
    toTable: {
      by: 'tabled',
      store: 'kept',
      make: builder =>
        builder
          .stream('in', texts)
          .mapValues(rowOf)
          .toTable({ name: 'tabled', store: 'kept', value: rows })
          .toStream()
          .to('out', { value: rows }),
    },
    'mapValues of a table': {
      by: 'mapped',
      store: 'kept',
      make: builder =>
        builder
          .table('in', texts)
          .mapValues(rowOf, { name: 'mapped', store: { name: 'kept' }, value: rows })
          .toStream()
          .to('out', { value: rows }),
    },
    processor: {
      by: 'worker',
      store: 'kept',
      make(builder) {
        const store = keyValueStore({ name: 'kept', key: string(), value: rows })
        builder
          .addStateStore(store)
          .stream('in', texts)
          .process<string, Row>(
            () => {
              let context: ProcessorContext<string, Row>
              return {
                init: given => void (context = given),
                async process(record) {
                  context.store(store).put(record.key, rowOf(record.value))
                  await context.forward({ ...record, value: rowOf('') })
                },
              }
            },
            { name: 'worker', stores: ['kept'] },
          )
          .to('out', { key: string(), value: rows })
      },
    },
    sink: {
      by: 'KSTREAM-SINK-',
      make: builder => builder.stream('in', texts).mapValues(rowOf).to('out', { value: rows }),
    },
    repartition: {
      by: 'moved-repartition-sink',
      make: builder =>
        builder
          .stream('in', texts)
          .mapValues(rowOf)
          .repartition({ name: 'moved', value: rows })
          .to('out', { key: string(), value: rows }),
    },
  }

describe.each(Object.entries(programs))('%s', (_name, { by, store, make }) => {
  const start = (onBadRecord: 'fail' | { deadLetterTopic: string }) => {
    const builder = new StreamsBuilder()
    make(builder)
    return TopologyTestDriver.create(builder.build(), { onBadRecord })
  }

  it('names operator, store, field and remedy', async () => {
    const driver = await start('fail')
    const error: unknown = await driver
      .createInputTopic('in', texts)
      .pipeInput('k', 'bad')
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
    expect(error).toBeInstanceOf(MillraceError)
    const { message } = error as MillraceError
    expect(message).toContain(`MILLRACE_PROCESSING_FAILED: ${by}`)
    if (store !== undefined) expect(message).toContain(`for the store "${store}" of ${by}`)
    expect(message).toContain('$.list[0] is a Set, of which JSON writes no content: make it an array')
    await driver.close().catch(() => undefined)
  })

  it('names the operator in the dead letter, and goes on', async () => {
    await using driver = await start({ deadLetterTopic: 'dead' })
    const input = driver.createInputTopic('in', texts)
    for (const value of ['1', 'bad', '2']) await input.pipeInput(value, value)
    const out = driver.createOutputTopic('out', { key: string(), value: rows }).readKeyValuesToList()
    expect(out.map(([key]) => key)).toEqual(['1', '2'])
    const [letter, ...others] = driver.createOutputTopic('dead', texts).readRecordsToList()
    expect(others).toEqual([])
    const header = letter?.headers.find(({ key }) => key === '__streams.errors.node')?.value
    expect(Buffer.from(header ?? []).toString()).toContain(by)
  })
})
