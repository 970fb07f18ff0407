import { TopologyTestDriver, type FaultyFactory, type TopologyTestDriverOptions, withFaults } from '@millrace/testing'
import { type MemoryClient, memoryClient } from '@millrace/client-memory'
import { type DeduplicateOptions, json, type LateRecord, type Plan, StreamsBuilder, string } from '@millrace/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }
type Options = DeduplicateOptions<string, string, string>

/** The id of a record is what comes before the colon of its value; without one there is none. */
const byPrefix = (value: string) => (value.includes(':') ? value.slice(0, value.indexOf(':')) : null)

function planOf(options: Partial<Options> = {}): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .deduplicate({ by: byPrefix, id: string(), withinMs: 10, name: 'once', store: 'seen', ...options })
    .to('out', texts)
  return builder.build()
}

type Piped = readonly [key: string | null, value: string, timestamp: number]

async function run(plan: Plan, records: readonly Piped[], options: TopologyTestDriverOptions = {}) {
  await using driver = await TopologyTestDriver.create(plan, options)
  const input = driver.createInputTopic('in', texts)
  for (const [key, value, timestamp] of records) await input.pipeInput(key, value, { timestamp })
  return {
    out: driver.createOutputTopic('out', texts).readValuesToList(),
    total: (metric: string) =>
      driver.metrics().reduce((sum, { name, value }) => sum + (name === metric ? value : 0), 0),
  }
}

it('lets the first to arrive pass, and what repeats it on either side of its time not', async () => {
  const { out, total } = await run(planOf({ graceMs: 100 }), [
    ['k', 'x:first', 100],
    ['k', 'x:later', 110],
    ['k', 'x:earlier', 90],
    ['k', 'x:after', 111],
    ['k', 'x:of the one after', 121],
    ['k', 'y:another id', 105],
    ['other', 'x:another key', 105],
  ])
  expect(out).toEqual(['x:first', 'x:after', 'y:another id', 'x:another key'])
  expect(total('duplicate-records')).toBe(3)
})

it('still knows the oldest record that one in time may repeat', async () => {
  const { out } = await run(planOf(), [
    ['k', 'x:oldest', 80],
    ['k', 'y:now', 100],
    ['k', 'x:in time', 90],
    ['k', 'y:late', 89],
  ])
  expect(out).toEqual(['x:oldest', 'y:now'])
})

it('lets what has no id or no key pass', async () => {
  const { out, total } = await run(planOf(), [
    ['k', 'a', 1],
    ['k', 'a', 1],
    [null, 'x:b', 1],
    [null, 'x:b', 1],
  ])
  expect(out).toEqual(['a', 'a', 'x:b', 'x:b'])
  expect(total('duplicate-records')).toBe(0)
})

it('waits for the id where that is a promise', async () => {
  const plan = planOf({ by: value => Promise.resolve(byPrefix(value)) })
  const { out } = await run(plan, [
    ['k', 'x:1', 1],
    ['k', 'x:2', 1],
  ])
  expect(out).toEqual(['x:1'])
})

it('leaves out what is later than the grace, counts it, warns once, and gives it to onLate', async () => {
  const warnings: object[] = []
  const nobody = () => undefined
  const logger = { debug: nobody, info: nobody, error: nobody, warn: (fields: object) => void warnings.push(fields) }
  const plan = planOf({ graceMs: 20, onLate: late => late.to('late', { value: json() }) })
  await using driver = await TopologyTestDriver.create(plan, { logger })
  const input = driver.createInputTopic('in', texts)
  for (const [value, timestamp] of [
    ['x:a', 100],
    ['x:in time', 80],
    ['y:late', 79],
    ['z:late too', 79],
    ['late without an id', 1],
  ] as const) {
    await input.pipeInput('k', value, { timestamp })
  }
  const out = driver.createOutputTopic('out', texts).readValuesToList()
  expect(out).toEqual(['x:a', 'x:in time', 'late without an id'])
  const late = driver.createOutputTopic('late', { key: string(), value: json<LateRecord<string>>() })
  expect(late.readKeyValue()).toEqual([
    'k',
    { value: 'y:late', timestamp: 79, streamTimeMs: 100, operator: 'once', windows: [], partly: false },
  ])
  expect(late.readValue()?.value).toBe('z:late too')
  const dropped = driver.metrics().filter(({ name, tags }) => name === 'dropped-records' && tags['reason'] === 'late')
  expect(dropped.map(({ tags, value }) => [tags['processor-node-id'], value])).toEqual([['once', 2]])
  expect(warnings.filter(fields => 'reason' in fields && fields.reason === 'late')).toHaveLength(1)
})

it('knows repetitions among what came of one record', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .flatMapValues(line => line.split(' '))
    .deduplicate({ by: byPrefix, id: string(), withinMs: 10 })
    .to('out', texts)
  const { out } = await run(builder.build(), [['k', 'x:1 y:2 x:3 y:4', 1]])
  expect(out).toEqual(['x:1', 'y:2'])
})

describe('after a crash', () => {
  const options = { commitEachRecord: false } as const

  it('lets the same records pass again where the commit failed: they may be on a state that knows them already', async () => {
    let faulty: FaultyFactory<MemoryClient> | undefined
    await using driver = await TopologyTestDriver.create(planOf(), {
      ...options,
      processingGuarantee: 'at_least_once',
      client: (cluster, clock) =>
        (faulty ??= withFaults(memoryClient(cluster), {
          seed: 1,
          clock,
          cluster,
          schedule: [{ kind: 'drop-request', operation: 'group.commit', call: 1 }],
        })),
    })
    const input = driver.createInputTopic('in', texts)
    for (const value of ['x:1', 'y:2', 'x:3', 'y:4']) await input.pipeInput('k', value, { timestamp: 1 })
    await driver.commit()
    expect(faulty?.log).toHaveLength(1)
    await input.pipeInput('k', 'x:5', { timestamp: 2 })
    await driver.commit()
    expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['x:1', 'y:2', 'x:1', 'y:2'])
  })

  it.each(['its disk', 'another disk'])('lets nothing pass twice under exactly_once, on %s', async disk => {
    await using driver = await TopologyTestDriver.create(planOf(), { ...options, processingGuarantee: 'exactly_once' })
    const input = driver.createInputTopic('in', texts)
    await input.pipeInput('k', 'x:1', { timestamp: 1 })
    await driver.commit()
    for (const value of ['y:2', 'x:3', 'y:4']) await input.pipeInput('k', value, { timestamp: 1 })
    await driver.removeInstance(0, { crash: true })
    await driver.addInstance(disk === 'its disk' ? { stateOf: 0 } : {})
    await driver.commit()
    await input.pipeInput('k', 'x:5', { timestamp: 2 })
    await driver.commit()
    expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['x:1', 'y:2'])
  })

  it.each(['at_least_once', 'exactly_once'] as const)(
    'still knows what is late, and what was committed: %s',
    async guarantee => {
      await using driver = await TopologyTestDriver.create(planOf(), { ...options, processingGuarantee: guarantee })
      const input = driver.createInputTopic('in', texts)
      await input.pipeInput('k', 'x:1', { timestamp: 0 })
      await input.pipeInput('k', 'y:2', { timestamp: 200_000 })
      await driver.commit()
      await driver.removeInstance(0, { crash: true })
      await driver.addInstance()
      await input.pipeInput('k', 'x:late', { timestamp: 0 })
      await input.pipeInput('k', 'y:3', { timestamp: 200_001 })
      await driver.commit()
      expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['x:1', 'y:2'])
    },
  )
})

it('brings records of a key that was changed together first, those without a key too', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .selectKey(value => byPrefix(value))
    .deduplicate({ by: () => 'one', id: string(), withinMs: 10, name: 'once', ...texts })
    .to('out', texts)
  const plan = builder.build()
  expect(plan.repartitionTopics.map(({ name }) => name)).toEqual(['once-repartition'])
  const { out } = await run(
    plan,
    [
      ['a', 'x:1', 1],
      ['b', 'x:2', 1],
      ['c', 'x:3', 1],
      ['d', 'none', 1],
    ],
    { partitions: 3 },
  )
  expect(new Set(out)).toEqual(new Set(['none', 'x:1']))
  expect(out).toHaveLength(2)
})

/** What `deduplicate` is to do, in the words of its documentation. */
function expectedOf(records: readonly Piped[], withinMs: number, graceMs: number): readonly string[] {
  const passed: Piped[] = []
  let streamTime = -1
  return records.flatMap(record => {
    const [key, value, timestamp] = record
    streamTime = Math.max(streamTime, timestamp)
    const id = byPrefix(value)
    if (key === null || id === null) return [value]
    if (timestamp < streamTime - graceMs) return []
    const repeats = passed.some(
      ([itsKey, its, time]) => itsKey === key && byPrefix(its) === id && Math.abs(time - timestamp) <= withinMs,
    )
    if (repeats) return []
    passed.push(record)
    return [value]
  })
}

it('does the same as a model of it that forgets nothing, whatever comes, on disk or not', async () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'a', 'a', 'b', null),
    id: fc.constantFrom('x:', 'x:', 'x:', 'y:', ''),
    moves: fc.constantFrom(0, 1, 5, 11, 11, 30, 70_000, -1, -3, -10, -10, -11, -21, -90_000),
    crash: fc.constantFrom(false, false, false, false, true),
  })
  const times = fc.record({ withinMs: fc.constantFrom(1, 10, 10, 50_000), graceMs: fc.constantFrom(0, 10, 30) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), times, fc.boolean(), async (steps, options, evicts) => {
      await using driver = await TopologyTestDriver.create(planOf(options), {
        processingGuarantee: 'exactly_once',
        ...(evicts ? { stateBufferBytes: 1 } : {}),
      })
      const input = driver.createInputTopic('in', texts)
      const piped: Piped[] = []
      let now = 200_000
      let instance = 0
      for (const [index, { key, id, moves, crash }] of steps.entries()) {
        now = Math.max(0, now + moves)
        const record: Piped = [key, `${id}${index}`, now]
        piped.push(record)
        await input.pipeInput(record[0], record[1], { timestamp: now })
        if (!crash) continue
        await driver.removeInstance(instance, { crash: true })
        instance = await driver.addInstance(index % 2 === 0 ? {} : { stateOf: instance })
      }
      const out = driver.createOutputTopic('out', texts).readValuesToList()
      expect(out).toEqual(expectedOf(piped, options.withinMs, options.graceMs))
    }),
    { numRuns: 100 },
  )
})

it.each([
  ['no time', { withinMs: 0 }],
  ['a negative time', { withinMs: -1 }],
  ['half a millisecond', { withinMs: 0.5 }],
  ['time without end', { withinMs: Number.POSITIVE_INFINITY }],
  ['a negative grace', { graceMs: -1 }],
  ['grace without end', { graceMs: Number.POSITIVE_INFINITY }],
  ['no serde of its ids', { id: undefined as never }],
  ['nothing that gives ids', { by: undefined as never }],
])('refuses %s', (_what, options) => {
  expect(() => planOf(options)).toThrow(expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID' }))
})

it('says which serde of the records is missing', () => {
  const builder = new StreamsBuilder()
  const changed = builder.stream('in', texts).selectKey(value => value)
  // @ts-expect-error the key is new
  changed.deduplicate({ by: byPrefix, id: string(), withinMs: 1 })
  expect(() => builder.build()).toThrow(expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_SERDE_MISSING' }))
})

it('keeps what has passed for as long as something may repeat it', () => {
  const { stores } = planOf({ graceMs: 30, store: { name: 'seen', type: 'memory', logging: false } })
  expect(stores).toEqual([
    expect.objectContaining({ name: 'seen', kind: 'window', type: 'memory', changelog: undefined, retentionMs: 41 }),
  ])
})
