import { TopologyTestDriver } from '@millrace/testing'
import { joinWindows, type KStream, StreamsBuilder, string } from '@millrace/core'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }
type Texts = KStream<string, string, 'key' | 'value'>
type Piped = readonly [side: 'left' | 'right', key: string | null, value: string | null, timestamp: number]

const windows = joinWindows({ beforeMs: 10, afterMs: 5, graceMs: 2 })
const pair = (one: string | null, other: string | null, key: string) => `${key}:${one}+${other}`

function plan(join: (left: Texts, right: Texts) => KStream<string, string, 'key'>) {
  const builder = new StreamsBuilder()
  const joined = join(builder.stream('left', texts), builder.stream('right', texts))
  joined.to('out', texts)
  return builder.build()
}

const inner = () => plan((left, right) => left.join(right, pair, { windows }))
const left = () => plan((one, other) => one.leftJoin(other, pair, { windows, storeName: 'kept' }))
const outer = () => plan((one, other) => one.outerJoin(other, pair, { windows }))

/** What each record gave, as `value @timestamp`. */
async function results(
  of: ReturnType<typeof inner>,
  records: readonly Piped[],
): Promise<readonly (readonly string[])[]> {
  await using driver = await TopologyTestDriver.create(of)
  const inputs = { left: driver.createInputTopic('left', texts), right: driver.createInputTopic('right', texts) }
  const output = driver.createOutputTopic('out', texts)
  const given: string[][] = []
  for (const [side, key, value, timestamp] of records) {
    await inputs[side].pipeInput(key, value, { timestamp })
    given.push(output.readRecordsToList().map(record => `${record.value} @${record.timestamp}`))
  }
  return given
}

describe('a join of two streams', () => {
  it('gives each pair that is near enough, whichever comes first, with the later of both times', async () => {
    const given = await results(inner(), [
      ['left', 'k', 'a', 100],
      ['right', 'k', 'too early', 89],
      ['right', 'k', 'x', 90],
      ['right', 'k', 'y', 105],
      ['right', 'k', 'too late', 106],
      ['right', 'other', 'z', 100],
      ['left', 'k', 'b', 100],
      ['left', null, 'n', 100],
      ['left', 'k', null, 100],
    ])
    expect(given).toEqual([[], [], ['k:a+x @100'], ['k:a+y @105'], [], [], ['k:b+x @100', 'k:b+y @105'], [], []])
  })

  it('keeps records with the same time apart', async () => {
    const given = await results(inner(), [
      ['left', 'k', 'a', 100],
      ['left', 'k', 'b', 100],
      ['right', 'k', 'x', 100],
    ])
    expect(given).toEqual([[], [], ['k:a+x @100', 'k:b+x @100']])
  })

  it('joins a left record with null when no partner can come in time any more, by a record of any key', async () => {
    const given = await results(left(), [
      ['left', 'k', 'a', 100],
      ['left', 'k', 'b', 101],
      ['right', 'k', 'x', 106],
      ['left', 'm', 'waits too', 107],
      ['left', 'm', 'waits too', 108],
      ['left', null, 'n', 108],
      ['left', 'z', 'late', 80],
    ])
    // 100 waits until 105, and the grace of 2 after it must have passed.
    expect(given).toEqual([[], [], ['k:b+x @106'], [], ['k:a+null @100'], ['null:n+null @108'], ['z:late+null @80']])
  })

  it('does the same for records of either side in an outer join', async () => {
    const given = await results(outer(), [
      ['right', 'k', 'x', 100],
      ['left', 'k', 'a', 120],
      ['left', 'k', 'b', 130],
      ['right', 'k', 'y', 131],
    ])
    expect(given).toEqual([[], ['k:null+x @100'], ['k:a+null @120'], ['k:b+y @131']])
  })

  it('joins a stream with itself', async () => {
    const self = plan((one, _other) => one.join(one, pair, { windows, name: 'twice' }))
    const given = await results(self, [
      ['left', 'k', 'a', 100],
      ['left', 'k', 'b', 103],
    ])
    expect(given.map(list => list.toSorted())).toEqual([['k:a+a @100'], ['k:a+b @103', 'k:b+a @103', 'k:b+b @103']])
  })
})

// As Kafka Streams 4.3.1 has it. The first record waits for nothing, so it must not use the interval up.
it.each(['left', 'outer'] as const)('emits in a %s join with a window on one side, in its interval', async kind => {
  const before = joinWindows({ beforeMs: -5, afterMs: 20, graceMs: 0 })
  const of = plan((one, other) =>
    kind === 'left' ? one.leftJoin(other, pair, { windows: before }) : one.outerJoin(other, pair, { windows: before }),
  )
  await using driver = await TopologyTestDriver.create(of, { emitIntervalMs: 1_000 })
  const [a, b] = [driver.createInputTopic('left', texts), driver.createInputTopic('right', texts)]
  await b.pipeInput('k1', 'b', { timestamp: 100 })
  await a.pipeInput('k0', 'a', { timestamp: 90 })
  await a.pipeInput('k1', 'a', { timestamp: 200 })
  const given = driver.createOutputTopic('out', texts).readRecordsToList()
  const alone = kind === 'left' ? [] : [['k1:null+b', 100]]
  expect(given.map(({ value, timestamp }) => [value, timestamp])).toEqual([...alone, ['k0:a+null', 90]])
})

it('goes on after a crash with what was kept: partners and records that wait for one', async () => {
  const driver = await TopologyTestDriver.create(left(), { processingGuarantee: 'exactly_once' })
  const ones = driver.createInputTopic('left', texts)
  const others = driver.createInputTopic('right', texts)
  const output = driver.createOutputTopic('out', texts)
  await ones.pipeInput('k', 'a', { timestamp: 100 })
  await ones.pipeInput('lonely', 'b', { timestamp: 100 })
  await driver.removeInstance(0, { crash: true })
  await driver.addInstance()
  await others.pipeInput('k', 'x', { timestamp: 101 })
  expect(output.readKeyValuesToList()).toEqual([['k', 'k:a+x']])
  await others.pipeInput('k', 'y', { timestamp: 120 })
  expect(output.readKeyValuesToList()).toEqual([['lonely', 'lonely:b+null']])
  await driver.close()
})
