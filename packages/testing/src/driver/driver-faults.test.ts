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
