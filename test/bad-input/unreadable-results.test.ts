import {
  isMillraceError,
  json,
  type KStream,
  long,
  type Processor,
  type ProcessorContext,
  type ProcessorRecord,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import { describe, expect, it } from 'vitest'

/* What user functions may return: objects that throw when they are looked at. They are bad records, as any other unusable result. */

const revoked = (target: object): unknown => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}
const trap = (): never => {
  throw new Error('no entry')
}

// oxlint-disable-next-line unicorn/no-thenable -- it is what the test is about
const withThen = (then: PropertyDescriptor): object => Object.defineProperty({}, 'then', { ...then, enumerable: true })

const UNREADABLE: Readonly<Record<string, () => unknown>> = {
  'a revoked proxy': () => revoked({}),
  'a revoked proxy of a list': () => revoked([]),
  'a proxy of a list whose traps throw': () => new Proxy(['k', 'v'], { get: trap }),
  'a list with an element that throws': () => Object.defineProperty(['k', 'v'], 1, { get: trap }),
  'an object whose iterator throws': () => ({ [Symbol.iterator]: trap }),
  'an object whose iterator cannot be read': () => Object.defineProperty({}, Symbol.iterator, { get: trap }),
  'an object whose then cannot be read': () => withThen({ get: trap }),
  'a thenable that throws': () => withThen({ value: trap }),
  'a thenable that gives a revoked proxy': () =>
    withThen({ value: (resolve: (value: unknown) => void) => resolve(revoked([])) }),
}

type Texts = KStream<string, string>
const texts = { key: string(), value: string() }
/** For types that are wrong on purpose. */
// oxlint-disable-next-line typescript/no-explicit-any
const values = json<any>()

/** A processor of one function. */
function forwarding(
  process: (context: ProcessorContext<string, string>, record: ProcessorRecord<string, string>) => unknown,
): Processor<string, string, string, string> {
  let context: ProcessorContext<string, string>
  return {
    init(given) {
      context = given
    },
    process: record => process(context, record) as Promise<void>,
  }
}
const tableOf = (stream: Texts) => stream.toTable({ ...texts, store: 'table' })

/** The operator that fails, and the program with a function that gives `bad`. */
const FUNCTIONS: Readonly<Record<string, (stream: KStream<string, string>, bad: () => never) => unknown>> = {
  map: (stream, bad) => stream.map(bad, { name: 'failing' }).to('out', { key: json(), value: json() }),
  mapValues: (stream, bad) =>
    stream.mapValues(bad, { name: 'failing' }).to('out', { key: string(), value: values, name: 'failing-out' }),
  mapValuesAsync: (stream, bad) =>
    stream
      .mapValuesAsync(bad, { name: 'failing', retry: { times: 1, backoffMs: 1 } })
      .to('out', { key: string(), value: values, name: 'failing-out' }),
  flatMap: (stream, bad) => stream.flatMap(bad, { name: 'failing' }).to('out', { key: json(), value: json() }),
  flatMapValues: (stream, bad) =>
    stream.flatMapValues(bad, { name: 'failing' }).to('out', { key: string(), value: values }),
  selectKey: (stream, bad) =>
    stream.selectKey(bad, { name: 'failing' }).to('out', { key: values, value: string(), name: 'failing-out' }),
  'groupBy of a table': (stream, bad) =>
    tableOf(stream).groupBy(bad, { key: values, value: values, name: 'failing' }).count(),
  aggregate: (stream, bad) =>
    stream.groupByKey(texts).aggregate(() => '', bad, { name: 'failing', value: values, store: 'all' }),
  'mapValues of a table': (stream, bad) =>
    tableOf(stream).mapValues(bad, { name: 'failing', value: values, store: 'mapped' }),
  partitioner: (stream, bad) => stream.to('out', { ...texts, partitioner: bad, name: 'failing' }),
  'the topic of to': (stream, bad) => stream.to(bad, { ...texts, name: 'failing' }),
  'forward of a processor': (stream, bad) =>
    stream
      .process<string, string>(() => forwarding((context, record) => context.forward({ ...record, value: bad() })), {
        name: 'failing',
      })
      .to('out', { key: string(), value: values, name: 'failing-out' }),
}
/** Those whose results are no lists: nobody walks them. */
const WALKS: readonly string[] = ['flatMap', 'flatMapValues']
const walked = (what: string) => what.includes('iterator')

const attempts = Object.entries(FUNCTIONS).flatMap(([called, program]) =>
  Object.entries(UNREADABLE)
    // JSON writes an object without looking at its iterator, and everything else refuses what is no list.
    .filter(([what]) => !walked(what) || WALKS.includes(called))
    .map(([what, bad]) => ({ called, what, bad, program })),
)

function planOf(program: (typeof attempts)[number]['program'], bad: () => unknown) {
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', texts)
  const mayFail = stream.filter(value => value === 'bad')
  program(mayFail, bad as () => never)
  stream.groupByKey().count({ store: 'counts' }).toStream().to('counts-out', { key: string(), value: long() })
  return builder.build()
}

describe('an unreadable result is a bad record', () => {
  it.each(attempts)('$called: $what', async ({ called, what, bad, program }) => {
    const plan = planOf(program, bad)
    await using failing = await TopologyTestDriver.create(plan)
    let failure: unknown
    try {
      await failing.createInputTopic('in', texts).pipeInput('key-1', 'bad')
    } catch (error) {
      failure = error
    }
    expect({ called, what, failure: isMillraceError(failure) ? failure.message : failure }).toMatchObject({
      failure: expect.stringMatching(/failing/) as unknown,
    })
    expect(isMillraceError(failure) && ['record', 'fatal'].includes(failure.kind) && failure.hint).toBeTruthy()

    await using skipping = await TopologyTestDriver.create(plan, { onBadRecord: 'continue' })
    const input = skipping.createInputTopic('in', texts)
    await input.pipeInput('key-1', 'bad')
    await input.pipeInput('key-1', 'good')
    // Without a transaction, what was sent before a late failure is sent again.
    expect([
      ...skipping.createOutputTopic('counts-out', { key: string(), value: long() }).readKeyValuesToMap(),
    ]).toEqual([['key-1', 1n]])
  })
})

it.each<[string, (stream: Texts, query: () => PromiseLike<string>) => KStream<string, string | null>]>([
  ['mapValues', (stream, query) => stream.mapValues(query)],
  ['mapValuesAsync', (stream, query) => stream.mapValuesAsync(query)],
  ['flatMapValues', (stream, query) => stream.flatMapValues(async () => [await query()])],
  ['filter', (stream, query) => stream.filter(query as never)],
  [
    'filter of a table',
    (stream, query) =>
      tableOf(stream)
        .filter(query as never)
        .toStream(),
  ],
  ['foreach', (stream, query) => (stream.peek(query), stream)],
  [
    'process',
    (stream, query) =>
      stream.process<string, string>(() =>
        forwarding((context, record) => query().then(() => context.forward(record))),
      ),
  ],
])('a query that begins at its then, as builders of SQL return it, runs once in %s', async (_called, program) => {
  let begun = 0
  const then: PromiseLike<string>['then'] = (resolve, reject) => {
    begun++
    return Promise.resolve('row').then(resolve, reject)
  }
  const query = () => withThen({ value: then }) as PromiseLike<string>
  const builder = new StreamsBuilder()
  program(builder.stream('in', texts), query)
    .mapValues(value => value ?? '')
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('in', texts).pipeInput('k', 'v')
  expect(begun).toBe(1)
  expect(driver.createOutputTopic('out', texts).readKeyValuesToList()).toHaveLength(1)
})
