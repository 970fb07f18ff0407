import { TopologyTestDriver } from '@millrace/testing'
import {
  type FixedKeyProcessor,
  type FixedKeyProcessorContext,
  type ForwardedRecord,
  int,
  json,
  type PrintOptions,
  type ProcessorRecord,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }

describe('print', () => {
  interface Order {
    readonly total: number
  }

  async function linesWith(options: PrintOptions<string, Order>) {
    const lines: string[] = []
    const builder = new StreamsBuilder()
    builder.stream('in', { key: string(), value: json<Order>() }).print({ write: line => lines.push(line), ...options })
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('in', { key: string(), value: json<Order>() })
    await input.pipeInput('ada', { total: 7 })
    await input.pipeInput(null, null)
    return lines
  }

  it.each<[string, PrintOptions<string, Order>, readonly string[]]>([
    [
      'key and value under the name of the node above',
      {},
      ['[KSTREAM-SOURCE-0000000000]: ada, {"total":7}', '[KSTREAM-SOURCE-0000000000]: null, null'],
    ],
    ['a label', { label: 'orders' }, ['[orders]: ada, {"total":7}', '[orders]: null, null']],
    [
      'what the format makes of them',
      { label: 'orders', format: (order: Order | null, key) => `${key} pays ${order?.total ?? 'nothing'}` },
      ['[orders]: ada pays 7', '[orders]: null pays nothing'],
    ],
  ])('writes %s', async (_what, options, lines) => {
    expect(await linesWith(options)).toEqual(lines)
  })
})

describe('processValues', () => {
  type Forward = Parameters<NonNullable<FixedKeyProcessor<string, string, number>['init']>>[0]['forward']

  async function run(process: (record: { key: string; value: string }, forward: Forward) => void | Promise<void>) {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .processValues(
        () => {
          let forward!: Forward
          return {
            init: context => {
              forward = context.forward.bind(context)
            },
            process: record => process(record, forward),
          }
        },
        { name: 'lengths', value: int() },
      )
      .groupByKey()
      .reduce((sum, length) => sum + length, { store: 'sums' })
      .toStream()
      .to('out')
    const plan = builder.build()
    await using driver = await TopologyTestDriver.create(plan)
    await driver.createInputTopic('in', texts).pipeInput('k', 'four')
    const out = driver.createOutputTopic('out', { key: string(), value: int() })
    return { out: out.readKeyValuesToList(), repartitions: plan.repartitionTopics.length }
  }

  it('makes any number of new values under the same key, which needs no repartition', async () => {
    const { out, repartitions } = await run(({ key, value }, forward) => {
      void forward({ key, value: value.length })
      void forward({ key, value: 1 })
    })
    expect(out).toEqual([['k', 5]])
    expect(repartitions).toBe(0)
  })

  it('lets a timer pass on what was kept, under the keys that it came with', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .processValues(
        () => {
          const kept: { readonly key: string; readonly value: string }[] = []
          return {
            init(context) {
              context.schedule(1000, 'wall-clock', async () => {
                for (const record of kept.splice(0)) await context.forward(record)
              })
            },
            process: ({ key, value }) => void kept.push({ key, value }),
          }
        },
        { value: string() },
      )
      .to('out')
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('in', texts)
    await input.pipeKeyValues([
      ['a', '1'],
      ['b', '2'],
    ])
    await driver.advanceWallClock(1000)
    expect(driver.createOutputTopic('out', texts).readKeyValuesToList()).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
  })

  function holdingBack(passOn: (held: ProcessorRecord<string, string>) => ForwardedRecord<string, string>) {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .processValues(
        () => {
          let context: FixedKeyProcessorContext<string, string>
          let held: ProcessorRecord<string, string> | undefined
          return {
            init: given => void (context = given),
            async process(record) {
              if (held !== undefined) await context.forward(passOn(held))
              held = record
            },
          }
        },
        { value: string() },
      )
      .to('out')
    return builder.build()
  }

  it('passes on a record that was kept, while one of another key is at hand', async () => {
    const plan = holdingBack(held => ({ ...held, value: `held ${held.value}` }))
    await using driver = await TopologyTestDriver.create(plan)
    const input = driver.createInputTopic('in', texts)
    for (const [timestamp, key] of ['a', 'b', 'c'].entries()) {
      await input.pipeInput(key, key, { timestamp, headers: [{ key: 'of', value: Buffer.from(key) }] })
    }
    const out = driver.createOutputTopic('out', texts).readRecordsToList()
    expect(out.map(({ key, value, timestamp, headers }) => [key, value, timestamp, String(headers[0]?.value)])).toEqual(
      [
        ['a', 'held a', 0, 'a'],
        ['b', 'held b', 1, 'b'],
      ],
    )
  })

  it.each([
    ['made up', () => ({ key: 'another', value: 'v' })],
    ['put into a record that was kept', (held: object) => ({ ...held, key: 'another', value: 'v' })],
  ])('refuses another key while one of another key is at hand: %s', async (_how, passOn) => {
    const driver = await TopologyTestDriver.create(holdingBack(passOn))
    const piped = driver.createInputTopic('in', texts).pipeKeyValues([
      ['a', '1'],
      ['b', '2'],
    ])
    await expect(piped).rejects.toMatchObject({ cause: { code: 'MILLRACE_PROCESSOR_KEY_CHANGED' } })
    await driver.close()
  })

  it('refuses another key', async () => {
    const changed = run(({ value }, forward) => void forward({ key: 'another', value: value.length }))
    await expect(changed).rejects.toMatchObject({ cause: { code: 'MILLRACE_PROCESSOR_KEY_CHANGED' } })
  })
})
