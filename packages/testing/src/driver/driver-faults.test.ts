import { memoryClient, type MemoryClient } from '@millrace/client-memory'
import { long, type Plan, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { type FaultyFactory, withFaults } from '../faults/with-faults.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const counted = { key: string(), value: long() }

function countByKey(): Plan {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).groupByKey().count({ store: 'counts' }).toStream().to('out', counted)
  return builder.build()
}

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const ROUNDS = 10

it.each(Array.from({ length: 25 }, (_, seed) => seed))('counts exactly through faults (seed %i)', async seed => {
  let faulty: FaultyFactory<MemoryClient> | undefined
  const driver = await TopologyTestDriver.create(countByKey(), {
    partitions: 2,
    instances: 2,
    processingGuarantee: 'exactly_once',
    client: (cluster, clock) =>
      (faulty ??= withFaults(memoryClient(cluster), {
        seed,
        clock,
        cluster,
        probabilities: { 'drop-response': 0.02, disconnect: 0.005, fence: 0.01, 'move-coordinator': 0.01 },
      })),
  })
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', counted)
  for (let round = 1; round <= ROUNDS; round++) {
    await input.pipeRecords(
      KEYS.map(key => ({ key, value: 'x' })),
      { commit: 'once' },
    )
    expect(await driver.storeEntries('counts')).toEqual(KEYS.map(key => [key, BigInt(round)]))
    expect(output.readKeyValuesToMap()).toEqual(new Map(KEYS.map(key => [key, BigInt(round)])))
  }
  expect(faulty!.log.length).toBeGreaterThan(0)
  faulty!.stop()
  await driver.close()
})

it.each(Array.from({ length: 8 }, (_, seed) => seed))(
  'reads topics that come one after another, through faults (seed %i)',
  async seed => {
    const builder = new StreamsBuilder()
    builder.stream(/in-.+/, texts).to('all')
    let faulty: FaultyFactory<MemoryClient> | undefined
    const driver = await TopologyTestDriver.create(builder.build(), {
      partitions: 2,
      instances: 1 + (seed % 2),
      processingGuarantee: 'exactly_once',
      metadataRefreshMs: 1_000,
      client: (cluster, clock) =>
        (faulty ??= withFaults(memoryClient(cluster), {
          seed,
          clock,
          cluster,
          probabilities: { 'drop-request': 0.1, 'drop-response': 0.05 },
        })),
    })
    const all = driver.createOutputTopic('all', texts)
    for (let topic = 0; topic < 5; topic++) {
      driver.cluster.createTopic({ name: `in-${topic}`, partitions: 2 })
      const input = driver.createInputTopic(`in-${topic}`, texts)
      for (const partition of [0, 1]) await input.pipeInput('k', `${partition}`, { partition })
      for (let second = 0; second < 10; second++) await driver.advanceWallClock(1_000)
      await driver.commit()
      expect(new Set(all.readValuesToList())).toEqual(new Set(['0', '1']))
    }
    faulty!.stop()
    await driver.close()
  },
)
