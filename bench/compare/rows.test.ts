import { describe, expect, it } from 'vitest'
import { findWorkloads, pickWorkloads } from './find-workloads.ts'
import { benchmarksPage } from './markdown.ts'
import type { Measured } from './measured.ts'
import type { OutputDigest } from './outputs.ts'
import { failedRow, rowOf, withCosts } from './rows.ts'
import { isRunnable } from './workload.ts'

const workloads = await findWorkloads()
const [passthrough] = pickWorkloads(workloads, 'passthrough')
const [eos] = pickWorkloads(workloads, 'eos-passthrough')
const [latency] = pickWorkloads(workloads, 'latency-alo')

const [count] = pickWorkloads(workloads, 'count-100k')
const [tumbling] = pickWorkloads(workloads, 'window-tumbling')

function measured(value: number, digest = 'a', noisy = false): Measured {
  const noise = { steal: 0, foreign: 0, slowdown: 1, noisy }
  return { value, rate: value, cpuMicros: 2, peakMb: 100, output: { records: 1, digest, values: digest }, noise }
}

const FULLY_EQUAL = { compared: 'everything', equal: true }

function withOutput(run: Measured, output: OutputDigest): Measured {
  return { ...run, output }
}

describe('a row', () => {
  it('has the median of the ratios of the rounds, not the ratio of the medians', () => {
    const rounds = [
      { java: measured(100), millrace: measured(300) },
      { java: measured(200), millrace: measured(400) },
      { java: measured(50), millrace: measured(300) },
    ]
    const row = rowOf(passthrough!, rounds)
    expect(row).toMatchObject({
      ratio: { median: 3, min: 2, max: 6 },
      goalReached: true,
      equalOutput: true,
      noisy: false,
    })
    expect(row.java).toEqual({ rate: 100, cpuMicros: 2, peakMb: 100 })
  })

  it('says when one output of one round differs, and when one run was noisy', () => {
    const rounds = [
      { java: measured(100), millrace: measured(200) },
      { java: measured(100, 'a', true), millrace: measured(200, 'b') },
    ]
    expect(rowOf(passthrough!, rounds)).toMatchObject({ equalOutput: false, noisy: true, goalReached: false })
  })

  it('takes less as better for latency', () => {
    expect(rowOf(latency!, [{ java: measured(100), millrace: measured(20) }]).goalReached).toBe(true)
    expect(rowOf(latency!, [{ java: measured(100), millrace: measured(21) }]).goalReached).toBe(false)
  })

  it('has no ratio without Kafka Streams', () => {
    const row = rowOf(passthrough!, [{ millrace: measured(100) }])
    expect(row).not.toHaveProperty('ratio')
    expect(row).not.toHaveProperty('goalReached')
    expect(row).not.toHaveProperty('equalOutput')
  })

  it('has the cost of exactly-once', () => {
    const rows = [
      rowOf(passthrough!, [{ java: measured(1), millrace: measured(100) }]),
      rowOf(eos!, [{ java: measured(1), millrace: measured(90) }]),
    ]
    expect(withCosts(rows, workloads)[1]!.cost).toBeCloseTo(0.1)
  })
})

describe('another library in a row', () => {
  const own = { java: measured(100), millrace: measured(300) }

  it('has figures of its own and takes no part in the ratio', () => {
    const row = rowOf(count!, [{ ...own, quix: measured(10) }])
    expect(row).toMatchObject({ ratio: { median: 3 }, equalOutput: true })
    expect(row.others).toEqual({
      quix: { title: 'Quix Streams 3.28.0', rate: 10, cpuMicros: 2, peakMb: 100, output: FULLY_EQUAL },
    })
  })

  it('is absent where it did not take part', () => {
    expect(rowOf(count!, [own])).not.toHaveProperty('others')
  })

  it('that writes something else says nothing about the outputs of Kafka Streams and Millrace', () => {
    const row = rowOf(count!, [{ ...own, quix: measured(10, 'b') }])
    expect(row.equalOutput).toBe(true)
    expect(row.others?.quix?.output).toEqual({ compared: 'everything', equal: false })
  })

  it('is compared by key and value where its times or partitions differ by design', () => {
    const quix = withOutput(measured(10), { records: 1, digest: 'another', values: 'a' })
    expect(rowOf(tumbling!, [{ ...own, quix }]).others?.quix?.output).toEqual({
      compared: 'key-and-value',
      equal: true,
    })
    expect(rowOf(count!, [{ ...own, quix }]).others?.quix?.output).toEqual({ compared: 'everything', equal: false })
  })

  it('has no word on its output when nothing was compared', () => {
    const { output: _, ...stopped } = { ...measured(10), unfinished: true }
    const row = rowOf(count!, [{ ...own, quix: stopped }])
    expect(row.others?.quix).not.toHaveProperty('output')
    expect(row.others?.quix).toMatchObject({ rate: 10, unfinished: true })
    expect(rowOf(count!, [{ quix: measured(10) }]).others?.quix).not.toHaveProperty('output')
  })

  it('makes its own figures noisy and not the row', () => {
    const row = rowOf(count!, [{ ...own, quix: measured(10, 'a', true) }])
    expect(row.noisy).toBe(false)
    expect(row.others?.quix?.noisy).toBe(true)
  })

  it('says why it has no figures', () => {
    const row = rowOf(count!, [own], { quix: 'it has ended' })
    expect(row.others).toEqual({ quix: { title: 'Quix Streams 3.28.0', failed: 'it has ended' } })
    expect(row).not.toHaveProperty('failed')
  })
})

const SETTING = { date: '2026-01-01', command: 'npm run bench', machine: 'two', pinning: 'none', versions: 'x' }

it('the page shows other libraries where some took part', () => {
  const own = { java: measured(100_000), millrace: measured(350_000) }
  const title = '## Other libraries'
  expect(benchmarksPage([rowOf(count!, [own])], SETTING)).not.toContain(title)
  const rows = [rowOf(count!, [{ ...own, quix: measured(12_000) }]), rowOf(tumbling!, [own], { quix: 'it has ended' })]
  const page = benchmarksPage(rows, SETTING)
  expect(page).toContain(title)
  expect(page).toContain('| `count-100k` | Quix Streams 3.28.0 | 12,000/s | 2.00 | 100 | equal output |')
  expect(page).toContain('| `window-tumbling` | Quix Streams 3.28.0 |  |  |  | failed: it has ended |')
})

it('the page shows every row, and why one is missing', () => {
  const rows = [
    rowOf(passthrough!, [{ java: measured(100_000), millrace: measured(350_000) }]),
    failedRow(latency!, new Error('the broker is gone')),
  ]
  const page = benchmarksPage(rows, SETTING)
  expect(page).toContain('| 100,000/s | 350,000/s | **3.50** (3.50–3.50) | ≥ 3 |')
  expect(page).toContain('- `latency-alo`: the broker is gone')
})

describe('the workloads', () => {
  it('are picked by id, or by the beginning of it', () => {
    const ids = (only: string) => pickWorkloads(workloads, only).map(({ id }) => id)
    expect(ids('json,eos')).toEqual(['json', ...ids('eos')])
    expect(ids('latency-eos')).toEqual(['latency-eos'])
    expect(() => ids('nothing')).toThrow('there is no workload "nothing"')
  })

  it('build in Millrace', async () => {
    const { StreamsBuilder } = await import('@millrace/core')
    for (const { id, topology } of workloads.filter(isRunnable)) {
      const builder = new StreamsBuilder()
      const inputs = new Proxy({}, { get: (_, name) => `in-${String(name)}` })
      topology.millrace(builder, { in: inputs, out: 'out', registry: 'http://localhost:8081' })
      expect(() => builder.build(), id).not.toThrow()
    }
  })
})
