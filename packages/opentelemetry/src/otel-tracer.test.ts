import { type Plan, StreamsBuilder, string, tumbling } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { expect, it } from 'vitest'
import { otelTracer } from './otel-tracer.ts'
import { type Ended, memoryTracer } from './spans.fixture.ts'

const texts = { key: string(), value: string() }
const traceOf = (number: number) => String(number).padStart(32, 'a')
const traced = (trace: number) => ({
  headers: [{ key: 'traceparent', value: Buffer.from(`00-${traceOf(trace)}-00f067aa0ba902b7-01`) }],
})

async function traceOfRun(plan: Plan, run: (driver: TopologyTestDriver) => Promise<void>): Promise<readonly Ended[]> {
  const { tracer, ended } = memoryTracer()
  await using driver = await TopologyTestDriver.create(plan, { tracer: otelTracer(tracer) })
  await run(driver)
  return ended
}

const named = (spans: readonly Ended[], name: string) => spans.filter(span => span.name === name)

it('continues the trace of a record through sources, processors, sinks and repartition topics', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { ...texts, name: 'read' })
    .mapValues(value => value.toUpperCase(), { name: 'shout' })
    .selectKey((value: string) => value, { name: 'by-value' })
    .repartition({ name: 'spread', ...texts })
    .to('out', { ...texts, name: 'write' })
  let written: readonly string[] = []
  const spans = await traceOfRun(builder.build(), async driver => {
    await driver.createInputTopic('in', texts).pipeInput('a', 'x', { timestamp: 1, ...traced(1) })
    const [record] = driver.createOutputTopic('out', texts).readRecordsToList()
    written = record!.headers.map(({ key, value }) => `${key}=${String(value)}`)
  })
  expect(new Set(spans.map(({ context }) => context.traceId))).toEqual(new Set([traceOf(1)]))
  const [source] = named(spans, 'in process')
  expect(source).toMatchObject({ kind: SpanKind.CONSUMER, parent: { spanId: '00f067aa0ba902b7', isRemote: true } })
  const [shout] = named(spans, 'shout')
  expect(shout!.parent).toEqual(source!.context)
  const [send] = named(spans, 'write send')
  expect(send).toMatchObject({ kind: SpanKind.PRODUCER, attributes: { 'messaging.destination.partition.id': '0' } })
  expect(written).toEqual([`traceparent=00-${traceOf(1)}-${send!.context.spanId}-01`])
  // The second sub-topology goes on from the sink of the first.
  const first = spans.find(({ name }) => name.endsWith('-sink send') || name === 'spread-repartition-sink send')!
  const second = spans.find(({ name }) => name.endsWith('-repartition process'))!
  expect(second.parent?.spanId).toBe(first.context.spanId)
})

it('links the records that an aggregate, a join and suppress bring together', async () => {
  const builder = new StreamsBuilder()
  const table = builder.table('names', { ...texts, store: 'names' })
  const words = builder.stream('words', texts)
  words.join(table, (word, name) => `${word} ${name}`, { name: 'joined' }).foreach(() => undefined)
  const counts = words
    .groupByKey()
    .windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
    .count({ store: 'counts' })
  counts
    .suppress({ until: 'window-closes', name: 'held' })
    .toStream()
    .foreach(() => undefined)
  const spans = await traceOfRun(builder.build(), async driver => {
    await driver.createInputTopic('names', texts).pipeInput('a', 'A', { timestamp: 1, ...traced(1) })
    await driver.createInputTopic('words', texts).pipeInput('a', 'x', { timestamp: 2, ...traced(2) })
    await driver.createInputTopic('words', texts).pipeInput('a', 'y', { timestamp: 3, ...traced(3) })
  })
  const links = (name: string) => named(spans, name).map(span => span.links.map(({ traceId }) => traceId))
  expect(links('joined')).toEqual([[traceOf(1)], [traceOf(1)]])
  const aggregates = spans.filter(({ name }) => name.startsWith('KSTREAM-AGGREGATE'))
  expect(aggregates.map(span => span.links.map(({ traceId }) => traceId))).toEqual([[], [traceOf(2)]])
  expect(named(spans, 'counts put').map(({ context }) => context.traceId)).toEqual([traceOf(2), traceOf(3)])
})

it('says of a span that what it did has failed', async () => {
  const builder = new StreamsBuilder()
  const fails = () => {
    throw new Error('no')
  }
  builder.stream('in', texts).mapValues(fails, { name: 'fails' }).to('out', texts)
  const { tracer, ended } = memoryTracer()
  const options = { tracer: otelTracer(tracer), onBadRecord: 'continue' } as const
  await using driver = await TopologyTestDriver.create(builder.build(), options)
  await driver.createInputTopic('in', texts).pipeValues(['x', 'y'])
  expect(ended.map(({ name, status }) => [name, status.code])).toEqual([
    ['fails', SpanStatusCode.ERROR],
    ['in process', SpanStatusCode.ERROR],
    ['fails', SpanStatusCode.ERROR],
    ['in process', SpanStatusCode.ERROR],
  ])
})

it('begins a trace where a record has none', async () => {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to('out', texts)
  const spans = await traceOfRun(builder.build(), driver => driver.createInputTopic('in', texts).pipeValues(['x', 'y']))
  expect(named(spans, 'in process').map(({ parent }) => parent)).toEqual([undefined, undefined])
  expect(new Set(spans.map(({ context }) => context.traceId)).size).toBe(2)
})

it.each([
  ['an object without a prototype', Object.create(null) as unknown],
  ['undefined', undefined],
  ['a symbol', Symbol('s')],
])('the span of a function that throws %s has failed', async (_what, thrown) => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .mapValues(
      () => {
        throw thrown
      },
      { name: 'failing' },
    )
    .to('out', texts)
  const { tracer, ended } = memoryTracer()
  const options = { tracer: otelTracer(tracer), onBadRecord: 'continue' } as const
  await using driver = await TopologyTestDriver.create(builder.build(), options)
  await driver.createInputTopic('in', texts).pipeInput('a', 'x')
  expect(named(ended, 'failing')).toMatchObject([{ status: { code: SpanStatusCode.ERROR } }])
})
