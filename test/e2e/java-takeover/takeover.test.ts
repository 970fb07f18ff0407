import { sharedKafka } from '@millrace/dev-kafka'
import { describe, expect, it } from 'vitest'
import { missingJavaTools } from '../../differential/missing-java-tools.ts'
import { comparable, metadataOf } from './compare.ts'
import { type TakeoverOptions, takeOver } from './takeover.ts'

const missing = process.env['CI'] === undefined ? await missingJavaTools() : undefined
if (missing !== undefined) console.log(`skipped: ${missing}, so Kafka Streams cannot be run`)

const CASES: readonly Pick<TakeoverOptions, 'guarantee' | 'partitions' | 'caching'>[] = [
  { guarantee: 'exactly_once', partitions: 1, caching: false },
  { guarantee: 'at_least_once', partitions: 1, caching: false },
  { guarantee: 'exactly_once', partitions: 3, caching: false },
  { guarantee: 'at_least_once', partitions: 3, caching: true },
]

describe.skipIf(missing !== undefined).each(CASES)(
  'an application of Kafka Streams, $guarantee, partitions: $partitions, caching: $caching',
  ({ guarantee, partitions, caching }) => {
    it('is taken over in place and handed back, and nothing of it differs from one that Kafka Streams ran alone', async () => {
      const { brokers } = await sharedKafka()
      const name = `takeover-${guarantee.slice(0, 2)}-${Date.now().toString(36)}`
      const engines = ['java', 'millrace', 'java'] as const
      const runs = await takeOver({ brokers, name, seed: 1, partitions, guarantee, caching, engines })
      for (const [topic, records] of runs.uninterrupted.topics) {
        const expected = comparable(topic, records, { partitions, caching })
        const found = comparable(topic, runs.handedOver.topics.get(topic)!, { partitions, caching })
        expect({ topic, records: found }).toEqual({ topic, records: expected })
      }
      expect(metadataOf(runs.handedOver.committed.at(-1)!)).toEqual(metadataOf(runs.uninterrupted.committed.at(-1)!))
    })
  },
)
