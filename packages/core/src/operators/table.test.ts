import { TopologyTestDriver } from '@millrace/testing'
import { bytes, type KTable, long, type Plan, StreamsBuilder, string } from '@millrace/core'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }
type Texts = KTable<string, string, 'key' | 'value'>
type Joined = KTable<string, string, 'key'>

function planOf(build: (t: Texts, u: Texts) => Joined): Plan {
  const builder = new StreamsBuilder()
  build(builder.table('t', texts), builder.table('u', texts)).toStream().to('out', texts)
  return builder.build()
}

/** What comes out for each input, as `key:value@timestamp`. */
async function run(plan: Plan, inputs: readonly (readonly [string, string, string | null, number])[]) {
  await using driver = await TopologyTestDriver.create(plan)
  const output = driver.createOutputTopic('out', texts)
  const results: string[][] = []
  for (const [topic, key, value, timestamp] of inputs) {
    await driver.createInputTopic(topic, texts).pipeInput(key, value, { timestamp })
    results.push(output.readRecordsToList().map(record => `${record.key}:${record.value}@${record.timestamp}`))
  }
  return results
}

const pair = (left: string | null, right: string | null) => `${left}+${right}`
const noCache = { ...texts, store: { caching: false } } as const

describe.each([
  ['kept nowhere', undefined],
  ['kept in a store', noCache],
  ['kept in a caching store', { ...texts, store: {} }],
])('a join of tables %s', (_what, store) => {
  const options = (store ?? {}) as typeof noCache
  const inputs = [
    ['t', 'k', 'a', 1],
    ['u', 'k', 'b', 9],
    ['t', 'k', 'c', 5],
    ['u', 'k', null, 11],
    ['t', 'k', null, 12],
    ['u', 'k', 'd', 13],
  ] as const

  it('has the rows that both have', async () => {
    const results = await run(
      planOf((t, u) => t.join(u, pair, options)),
      inputs,
    )
    const dropped = results[3]
    expect([...results.slice(0, 3), ...results.slice(4)]).toEqual([[], ['k:a+b@9'], ['k:c+b@9'], [], []])
    expect(dropped).toEqual(['k:null@11'])
  })

  it('has all rows of the left', async () => {
    const results = await run(
      planOf((t, u) => t.leftJoin(u, pair, options)),
      inputs,
    )
    expect(results).toEqual([['k:a+null@1'], ['k:a+b@9'], ['k:c+b@9'], ['k:c+null@11'], ['k:null@12'], []])
  })

  it('has all rows of either', async () => {
    const results = await run(
      planOf((t, u) => t.outerJoin(u, pair, options)),
      inputs,
    )
    expect(results).toEqual([['k:a+null@1'], ['k:a+b@9'], ['k:c+b@9'], ['k:c+null@11'], ['k:null@12'], ['k:null+d@13']])
  })
})

it('looks a join that is kept nowhere up by joining again', async () => {
  const builder = new StreamsBuilder()
  const both = builder.table('t', texts).outerJoin(builder.table('u', texts), pair)
  builder
    .stream('s', texts)
    .leftJoin(
      both.mapValues(value => value.toUpperCase()),
      (order, row) => `${order} ${row}`,
    )
    .to('out', texts)
  const results = await run(builder.build(), [
    ['s', 'k', '1', 0],
    ['t', 'k', 'a', 0],
    ['s', 'k', '2', 0],
    ['u', 'k', 'b', 0],
    ['s', 'k', '3', 0],
  ])
  expect(results.flat()).toEqual(['k:1 null@0', 'k:2 A+NULL@0', 'k:3 A+B@0'])
})

function grouped(caching: boolean): Plan {
  const builder = new StreamsBuilder()
  const groups = builder
    .table('t', texts)
    .groupBy((value, key) => [value === 'nobody' ? null : value, key], { ...texts, name: 'by-value' })
  groups
    .count({ store: { name: 'counts', caching } })
    .mapValues(String, { ...texts, store: { caching } })
    .toStream()
    .to('counted', texts)
  groups
    .aggregate(
      () => '',
      (all, value) => `${all}+${value}`,
      (all, value) => `${all}-${value}`,
      { ...texts, store: { name: 'log', caching } },
    )
    .toStream()
    .to('out', texts)
  return builder.build()
}

describe.each([true, false])('a grouped table, caching %s', caching => {
  it('takes the old value out before the new one goes in', async () => {
    const results = await run(grouped(caching), [
      ['t', '1', 'x', 1],
      ['t', '2', 'x', 9],
      ['t', '1', 'y', 2],
      ['t', '2', 'x', 3],
      ['t', '2', 'nobody', 4],
      ['t', '1', null, 5],
      ['t', '9', null, 6],
    ])
    expect(results).toEqual([
      ['x:+1@1'],
      ['x:+1+2@9'],
      ['x:+1+2-1@9', 'y:+1@2'],
      ['x:+1+2-1-2+2@9'],
      ['x:+1+2-1-2+2-2@9'],
      ['y:+1-1@5'],
      [],
    ])
  })
})

it('writes changes to the repartition topic in the bytes of Kafka Streams', async () => {
  await using driver = await TopologyTestDriver.create(grouped(false), { applicationId: 'app' })
  const rows = driver.createInputTopic('t', texts)
  await rows.pipeInput('1', 'x')
  await rows.pipeInput('1', 'x')
  await rows.pipeInput('1', null)
  const topic = driver.createOutputTopic('app-by-value-repartition', { key: string(), value: bytes() })
  expect(topic.readValuesToList().map(value => Buffer.from(value as Uint8Array).toString('hex'))).toEqual([
    '3101',
    '02313102',
    '3100',
  ])
  const counts = await driver.storeEntries<string, bigint>('counts')
  expect(counts).toEqual([['x', 0n]])
  expect(driver.createOutputTopic('app-counts-changelog', { key: string(), value: long() }).readValuesToList()).toEqual(
    [1n, 1n, 0n],
  )
})

it('reduces with adder and subtractor, and starts again where nothing is left', async () => {
  const builder = new StreamsBuilder()
  builder
    .table('t', texts)
    .groupBy(value => [value.slice(0, 1), value], texts)
    .reduce(
      (all, value) => all + value,
      (all, value) => all.replace(value, '') || null,
      { store: { caching: false } },
    )
    .toStream()
    .to('out', texts)
  const results = await run(builder.build(), [
    ['t', '1', 'ab', 5],
    ['t', '2', 'ac', 3],
    ['t', '1', 'bb', 4],
    ['t', '2', null, 2],
    ['t', '1', null, 1],
  ])
  expect(results).toEqual([['a:ab@5'], ['a:abac@5'], ['a:ac@5', 'b:bb@4'], ['a:null@5'], ['b:null@4']])
})

it('calls a transformer with the old value when it has done with the new one', async () => {
  const calls: string[] = []
  const transformer = () => ({
    async transform(value: string | null) {
      calls.push(`begin ${value}`)
      await Promise.resolve()
      calls.push(`end ${value}`)
      return value ?? ''
    },
  })
  const builder = new StreamsBuilder()
  builder
    .table('t', { ...texts, store: 't' })
    .transformValues(transformer)
    .filter(() => true)
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('t', texts).pipeInput('k', 'a')
  expect(calls).toEqual(['begin a', 'end a', 'begin null', 'end null'])
})
