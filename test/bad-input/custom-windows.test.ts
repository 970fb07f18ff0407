import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TopologyTestDriver } from '@millrace/testing'
import { customWindows, rocksdb, StreamsBuilder, string } from 'millrace'
import { expect, it } from 'vitest'

const texts = { key: string(), value: string() }
const seconds = customWindows({
  name: 'seconds',
  maxSizeMs: 1_000,
  graceMs: 0,
  windowsFor(timestamp) {
    if (timestamp % 7 === 0) throw new Error('no window')
    const start = Math.floor(timestamp / 1_000) * 1_000
    return [{ start, end: start + 1_000 }]
  },
})

it('windowsFor that fails while keys are read ahead fails on its own record', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-'))
  try {
    const builder = new StreamsBuilder()
    builder.stream('in', texts).groupByKey().windowedBy(seconds).count({ store: 'counts', name: 'counting' })
    const plan = builder.build()
    const operators = new Set<unknown>()
    const keep = (fields: Readonly<Record<string, unknown>>) => {
      if (fields['error'] !== undefined) operators.add(fields['operator'])
    }
    const logger = { debug: keep, info: () => undefined, warn: keep, error: keep }
    await using driver = await TopologyTestDriver.create(plan, {
      onBadRecord: 'continue',
      logger,
      state: { store: rocksdb(), stateDir },
      commitEachRecord: false,
      // Most keys leave the heap with each commit, and are read ahead.
      stateBufferBytes: 2_000,
    })
    const input = driver.createInputTopic('in', texts)
    const records = Array.from({ length: 600 }, (_, n) => ({ key: `k${n}`, value: 'v', timestamp: 10_000 + n }))
    for (let round = 1; round <= 3; round++) {
      await input.pipeRecords(records)
      await driver.commit()
      const entries = await driver.windowStoreEntries<string, bigint>('counts')
      const good = records.filter(({ timestamp }) => timestamp % 7 !== 0)
      expect(entries).toHaveLength(good.length)
      expect(new Set(entries.map(([, count]) => count))).toEqual(new Set([BigInt(round)]))
    }
    expect(operators).toEqual(new Set(['counting']))
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
})
