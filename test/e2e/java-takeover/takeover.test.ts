import { sharedKafka } from '@millrace/dev-kafka'
import { describe, expect, it } from 'vitest'
import { missingJavaTools } from '../../differential/missing-java-tools.ts'
import { comparable, metadataOf } from './compare.ts'
import { type TakeoverOptions, takeOver } from './takeover.ts'

const missing = process.env['CI'] === undefined ? await missingJavaTools() : undefined
if (missing !== undefined) console.log(`skipped: ${missing}, so Kafka Streams cannot be run`)

/** Against hanging only. */
const HANGS_MS = 900_000

const BACK = ['java', 'millrace', 'java'] as const

const CASES: readonly Pick<TakeoverOptions, 'guarantee' | 'partitions' | 'caching' | 'engines'>[] = [
  { engines: BACK, guarantee: 'exactly_once', partitions: 1, caching: false },
  { engines: BACK, guarantee: 'at_least_once', partitions: 1, caching: false },
  { engines: BACK, guarantee: 'exactly_once', partitions: 3, caching: false },
  { engines: BACK, guarantee: 'at_least_once', partitions: 3, caching: true },
  { engines: ['java', 'millrace', 'millrace'], guarantee: 'exactly_once', partitions: 3, caching: false },
]

describe.skipIf(missing !== undefined).each(CASES)(
  'an application run by $engines, $guarantee, partitions: $partitions, caching: $caching',
  ({ engines, guarantee, partitions, caching }) => {
    it(
      'is taken over in place each time, and nothing of it differs from one that Kafka Streams ran alone',
      async () => {
        const { brokers } = await sharedKafka()
        const name = `takeover-${guarantee.slice(0, 2)}-${Date.now().toString(36)}`
        const order = { partitions, caching, javaRestores: engines[1] === 'java' || engines[2] === 'java' }
        const runs = await takeOver({ brokers, name, seed: 1, partitions, guarantee, caching, engines })
        // What `millrace migrate check` says of the topics that Kafka Streams has made.
        expect(runs.findings).toEqual([])
        for (const [topic, records] of runs.uninterrupted.topics) {
          const expected = comparable(topic, records, order)
          const found = comparable(topic, runs.handedOver.topics.get(topic)!, order)
          expect({ topic, records: found }).toEqual({ topic, records: expected })
        }
        for (const held of runs.handedOver.waiting) for (const count of held) expect(count).toBeGreaterThan(0)
        expect(metadataOf(runs.handedOver.committed.at(-1)!)).toEqual(metadataOf(runs.uninterrupted.committed.at(-1)!))
      },
      HANGS_MS,
    )
  },
)
