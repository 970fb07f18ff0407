import { type Plan, StreamsBuilder, string } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import { type Context, context, type ContextManager, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Contributors } from './contributors.ts'
import { otelTracer } from './otel-tracer.ts'
import { type Ended, memoryTracer } from './spans.fixture.ts'

const texts = { key: string(), value: string() }
const traceOf = (number: number) => String(number).padStart(32, 'a')
const traced = (number: number) => ({
  headers: [{ key: 'traceparent', value: Buffer.from(`00-${traceOf(number)}-00f067aa0ba902b7-01`) }],
})
const named = (spans: readonly Ended[], name: string) => spans.filter(span => span.name === name)
const tracesOf = (spans: readonly Ended[]) => spans.map(({ context: { traceId } }) => traceId)

async function traceOfRun(plan: Plan, run: (driver: TopologyTestDriver) => Promise<void>): Promise<readonly Ended[]> {
  const { tracer, ended } = memoryTracer()
  await using driver = await TopologyTestDriver.create(plan, { tracer: otelTracer(tracer) })
  await run(driver)
  return ended
}

describe('with the context of an SDK', () => {
  beforeEach(() => void context.setGlobalContextManager(synchronous()))
  afterEach(() => context.disable())

  it('user code runs inside the span of its processor', async () => {
    const inside: (string | undefined)[] = []
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .mapValues(
        value => {
          inside.push(trace.getSpan(context.active())?.spanContext().spanId)
          return value
        },
        { name: 'mapped' },
      )
      .to('out', texts)
    const spans = await traceOfRun(builder.build(), driver =>
      driver.createInputTopic('in', texts).pipeInput('a', 'x', { timestamp: 1, ...traced(1) }),
    )
    expect(inside).toEqual(named(spans, 'mapped').map(span => span.context.spanId))
    expect(inside).toHaveLength(1)
  })
})

it('what a punctuation forwards begins a trace of its own', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .process(
      () => ({
        init(on) {
          on.schedule(1_000, 'wall-clock', timestamp => on.forward({ key: 'tick', value: 'now', timestamp }))
        },
        process() {},
      }),
      { ...texts, name: 'ticks' },
    )
    .to('out', { name: 'write' })
  const spans = await traceOfRun(builder.build(), async driver => {
    await driver.createInputTopic('in', texts).pipeInput('a', 'x', { timestamp: 1, ...traced(1) })
    await driver.advanceWallClock(1_000)
  })
  const [written] = named(spans, 'write send')
  expect(written!.parent).toBeUndefined()
  expect(written!.context.traceId).not.toBe(traceOf(1))
})

it('results of mapValuesAsync continue the trace of the headers, with no parent in the application', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .mapValuesAsync(async value => value)
    .to('out', { ...texts, name: 'write' })
  const spans = await traceOfRun(builder.build(), driver =>
    driver.createInputTopic('in', texts).pipeInput('a', 'x', { timestamp: 1, ...traced(1) }),
  )
  expect(named(spans, 'write send').map(({ parent }) => parent)).toMatchObject([
    { traceId: traceOf(1), spanId: '00f067aa0ba902b7', isRemote: true },
  ])
})

it('what a cache holds back goes on in the trace of the last record of its key', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .reduce((one, other) => one + other, { store: { name: 'sums', caching: true } })
    .toStream()
    .to('out', { name: 'write' })
  const spans = await traceOfRun(builder.build(), async driver => {
    const input = driver.createInputTopic('in', texts)
    await input.pipeInput('a', 'x', { timestamp: 1, ...traced(1) })
    await input.pipeInput('a', 'y', { timestamp: 2, ...traced(2) })
    await driver.commit()
  })
  expect(tracesOf(named(spans, 'write send')).at(-1)).toBe(traceOf(2))
})

it('global tables are not traced', async () => {
  const builder = new StreamsBuilder()
  const names = builder.globalTable('names', texts)
  builder
    .stream('in', texts)
    .join(
      names,
      (_value, key) => key,
      (value, name) => `${value} ${name}`,
    )
    .to('out', { ...texts, name: 'write' })
  const spans = await traceOfRun(builder.build(), async driver => {
    await driver.createInputTopic('names', texts).pipeInput('a', 'A', { timestamp: 1, ...traced(1) })
    await driver.createInputTopic('in', texts).pipeInput('a', 'x', { timestamp: 2, ...traced(2) })
  })
  expect(new Set(tracesOf(spans))).toEqual(new Set([traceOf(2)]))
  expect(spans.flatMap(({ links }) => links)).toEqual([])
})

it('remembers the last 10 000 entries, and 8 traces of each', () => {
  const contributors = new Contributors()
  const from = (number: number) => ({ traceId: traceOf(number), spanId: String(number), traceFlags: 1 })
  for (let number = 0; number < 10; number++) contributors.add('first', from(number))
  expect(contributors.of('first', 'none').map(({ spanId }) => spanId)).toEqual(['2', '3', '4', '5', '6', '7', '8', '9'])
  for (let number = 0; number < 9_999; number++) contributors.add(`other ${number}`, from(1))
  expect(contributors.of('first', 'none')).toHaveLength(8)
  contributors.add('one more', from(1))
  expect(contributors.of('first', 'none')).toEqual([])
})

/** Keeps the context of code that does not wait. */
function synchronous(): ContextManager {
  let active: Context = ROOT_CONTEXT
  const manager: ContextManager = {
    active: () => active,
    with(given, run, thisArgument, ...rest) {
      const before = active
      active = given
      try {
        return run.call(thisArgument as ThisParameterType<typeof run>, ...rest)
      } finally {
        active = before
      }
    },
    bind: (_given, target) => target,
    enable: () => manager,
    disable: () => manager,
  }
  return manager
}
