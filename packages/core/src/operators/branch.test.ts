import { TopologyTestDriver, type TopologyTestDriverOptions } from '@millrace/testing'
import { json, StreamsBuilder, string } from '@millrace/core'
import { describe, expect, it } from 'vitest'

type Event =
  | { readonly type: 'order'; readonly status: 'open' | 'paid' }
  | { readonly type: 'payment'; readonly amount: number | null }
  | { readonly type: 'refund'; readonly amount: number }

const texts = { key: string(), value: string() }
const events = { key: string(), value: json<Event>() }

async function run(builder: StreamsBuilder, records: readonly unknown[], options: TopologyTestDriverOptions = {}) {
  await using driver = await TopologyTestDriver.create(builder.build(), options)
  const input = driver.createInputTopic('events', texts)
  const seen = driver.createOutputTopic('seen', texts)
  for (const record of records) await input.pipeInput('k', record === null ? null : JSON.stringify(record))
  const failed = driver.metrics().filter(({ name }) => name === 'failed-records')
  const texted = seen.readRecordsToList().map(({ key, value }) => `${key} ${value}`)
  return { seen: texted, failed: failed.reduce((sum, { value }) => sum + value, 0) }
}

describe('a branch by pattern', () => {
  it('takes the values whose fields are those of the pattern, in the order of the branches', async () => {
    const builder = new StreamsBuilder()
    const branches = builder
      .stream('events', events)
      .split()
      .branch({ type: 'order', status: 'paid' }, { name: 'paid' })
      .branch({ type: 'order' }, { name: 'orders' })
      .branch({ amount: null }, { name: 'unknown' })
      .defaultBranch()
    for (const [name, stream] of Object.entries(branches)) {
      stream.map<string, string>(event => [name, event?.type ?? 'none']).to('seen', texts)
    }
    const { seen } = await run(builder, [
      { type: 'order', status: 'open' },
      { type: 'order', status: 'paid' },
      { type: 'payment', amount: null },
      { type: 'refund', amount: 1 },
      { type: 'something new' },
      null,
    ])
    expect(seen).toEqual([
      'orders order',
      'paid order',
      'unknown payment',
      'default refund',
      'default something new',
      'default none',
    ])
  })

  it.each([
    ['no field', {}],
    ['something to look into', { type: { nested: 'order' } }],
    ['no object', null],
  ])('is refused with %s', (_what, pattern) => {
    const split = new StreamsBuilder().stream('events', events).split()
    expect(() => split.branch(pattern as never)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID' }),
    )
  })
})

describe('exhaustive branches', () => {
  const exhaustive = () => {
    const builder = new StreamsBuilder()
    const branches = builder
      .stream('events', events)
      .split()
      .branch({ type: 'order' }, { name: 'orders' })
      .branch({ type: 'payment' }, { name: 'payments' })
      .branch({ type: 'refund' }, { name: 'refunds' })
      .exhaustive()
    for (const [name, stream] of Object.entries(branches)) {
      stream.map<string, string>(event => [name, event.type]).to('seen', texts)
    }
    return builder
  }

  it('fail on what none takes', async () => {
    const records = [{ type: 'order', status: 'open' }, { type: 'something new' }]
    await expect(run(exhaustive(), records)).rejects.toMatchObject({
      code: 'MILLRACE_PROCESSING_FAILED',
      cause: { code: 'MILLRACE_BRANCH_MISSING' },
    })
  })

  it('leave it to the policy for bad records', async () => {
    const records = [{ type: 'something new' }, null, { type: 'refund', amount: 2 }]
    expect(await run(exhaustive(), records, { onBadRecord: 'continue' })).toEqual({
      seen: ['refunds refund'],
      failed: 2,
    })
  })
})
