import { TopologyTestDriver } from '@millrace/testing'
import {
  calendar,
  customWindows,
  type CustomWindowsSpec,
  diffTopologies,
  type EmitStrategy,
  long,
  StreamsBuilder,
  string,
  timeWindowed,
} from '@millrace/core'
import { expect, it } from 'vitest'

const HOUR = 3_600_000
const texts = { key: string(), value: string() }
const days = calendar({ unit: 'day', timeZone: 'Europe/Berlin', graceMs: HOUR })
/** Windows of 3 hours, from each hour. */
const overlapping = customWindows({
  name: 'three hours from each hour',
  maxSizeMs: 3 * HOUR,
  graceMs: 0,
  windowsFor: timestamp =>
    [-2, -1, 0]
      .map(back => (Math.floor(timestamp / HOUR) + back) * HOUR)
      .filter(start => start >= 0)
      .map(start => ({ start, end: start + 3 * HOUR })),
})

const at = (instant: string) => Date.parse(instant)
const hours = (ms: number) => ms / HOUR

function counting(
  windows: CustomWindowsSpec,
  emitStrategy: EmitStrategy,
  { suppressed = false, caching = false } = {},
) {
  const builder = new StreamsBuilder()
  const table = builder
    .stream('in', texts)
    .groupByKey()
    .windowedBy(windows, { emitStrategy })
    .count({ store: { name: 'counts', caching, retentionMs: 96 * HOUR } })
  const counts = suppressed ? table.suppress({ until: 'window-closes' }) : table
  counts.toStream().to('out', { key: timeWindowed(string(), { windows }), value: long() })
  return builder.build()
}

/** What came out, as `start+length count`, both in hours. */
async function countsOf(plan: ReturnType<typeof counting>, windows: CustomWindowsSpec, timestamps: readonly number[]) {
  await using driver = await TopologyTestDriver.create(plan)
  const input = driver.createInputTopic('in', texts)
  for (const timestamp of timestamps) await input.pipeInput('k', 'v', { timestamp })
  await driver.commit()
  const output = driver.createOutputTopic('out', { key: timeWindowed(string(), { windows }), value: long() })
  return output
    .readKeyValuesToList()
    .map(([key, count]) => `${hours(key!.window.start)}+${hours(key!.window.end - key!.window.start)} ${count}`)
}

// The clocks go back on 25 October 2026 at 1:00 UTC: the day has 25 hours.
const SUNDAY = at('2026-10-24T22:00Z')
const IN_DAYS = [
  SUNDAY,
  SUNDAY + 24.5 * HOUR,
  SUNDAY + 25 * HOUR,
  SUNDAY + 10 * HOUR,
  SUNDAY + 26 * HOUR,
  SUNDAY + 10 * HOUR,
  SUNDAY + 60 * HOUR,
]
const start = hours(SUNDAY)

it('counts in days that differ in length, and drops what comes after a day and its grace', async () => {
  expect(await countsOf(counting(days, 'on-update'), days, IN_DAYS)).toEqual([
    `${start}+25 1`,
    `${start}+25 2`,
    `${start + 25}+24 1`,
    `${start}+25 3`,
    `${start + 25}+24 2`,
    `${start + 49}+24 1`,
  ])
})

it.each([
  ['emitStrategy "on-close"', counting(days, 'on-close')],
  ['suppress', counting(days, 'on-update', { suppressed: true })],
])('emits each day once, when it is over: %s', async (_how, plan) => {
  expect(await countsOf(plan, days, IN_DAYS)).toEqual([`${start}+25 3`, `${start + 25}+24 2`])
})

it('gives the ends of windows through a cache', async () => {
  const plan = counting(days, 'on-update', { caching: true })
  expect((await countsOf(plan, days, IN_DAYS)).at(-1)).toBe(`${start + 49}+24 1`)
})

it('counts a record in each of the windows that hold it', async () => {
  const timestamps = [0.5, 1.5, 7].map(hour => hour * HOUR)
  expect(await countsOf(counting(overlapping, 'on-update'), overlapping, timestamps)).toEqual([
    '0+3 1',
    '0+3 2',
    '1+3 1',
    '5+3 1',
    '6+3 1',
    '7+3 1',
  ])
  expect(await countsOf(counting(overlapping, 'on-close'), overlapping, timestamps)).toEqual(['0+3 2', '1+3 1'])
})

it('other windows of the same length are another store', () => {
  const tokyo = calendar({ unit: 'day', timeZone: 'Asia/Tokyo', graceMs: HOUR })
  const { stores } = diffTopologies(counting(days, 'on-update'), counting(tokyo, 'on-update'))
  expect(stores.changed).toEqual([
    expect.objectContaining({ name: 'counts', what: [expect.stringContaining('windows')] }),
  ])
})

it('says which windows break the contract', async () => {
  const moving = customWindows({
    name: 'moving',
    maxSizeMs: HOUR,
    graceMs: 0,
    windowsFor: timestamp => [{ start: Math.max(0, timestamp - 5), end: timestamp + 5 }],
  })
  await expect(countsOf(counting(moving, 'on-update'), moving, [100])).rejects.toThrow('MILLRACE_WINDOWS_INVALID')
})

it('a timestamp for which there is no window is one bad record, and the next record is counted', async () => {
  const american = calendar({ unit: 'day', timeZone: 'America/New_York', graceMs: 0 })
  for (const emitStrategy of ['on-update', 'on-close'] as const) {
    await using driver = await TopologyTestDriver.create(counting(american, emitStrategy), { onBadRecord: 'continue' })
    const input = driver.createInputTopic('in', texts)
    const far = [8_640_000_000_000_000, Number.MAX_SAFE_INTEGER, 8_639_999_999_999_999]
    for (const instant of ['2026-01-05T12:00Z', '2026-01-05T13:00Z']) {
      await input.pipeInput('k', 'v', { timestamp: at(instant) })
      for (const timestamp of far) await input.pipeInput('k', 'v', { timestamp })
    }
    const entries = await driver.windowStoreEntries<string, bigint>('counts')
    expect(entries.map(([, count]) => count)).toEqual([2n])
    const failed = driver.metrics().find(({ name }) => name === 'failed-records')
    expect(failed?.value).toBe(6)
  }
})

it.each([{ name: '' }, { maxSizeMs: 0 }, { graceMs: -1 }, { windowsFor: undefined }])(
  'customWindows refuses %o',
  wrong => {
    const right = { name: 'w', maxSizeMs: 1, graceMs: 0, windowsFor: () => [] }
    expect(() => customWindows({ ...right, ...(wrong as object) })).toThrow('MILLRACE_TOPOLOGY_OPTION_INVALID')
  },
)
