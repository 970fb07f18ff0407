import { readFileSync } from 'node:fs'
import { describeTopology, type Plan } from 'millrace'
import { expect, it } from 'vitest'
import { normalDescribe } from '../test/differential/normal-describe.ts'
import { wordCount } from './01-word-count.ts'
import { enrichOrders } from './02-enrich-orders.ts'
import { pageViewsPerMinute } from './03-page-views-per-minute.ts'
import { shopTopology } from './demo/topology.ts'

// What Kafka Streams prints for test/differential/describe-java/DescribeExamples.java, for machines without Java as well.
it.each<[string, () => Plan]>([
  ['01-word-count', wordCount],
  ['02-enrich-orders', enrichOrders],
  ['03-page-views-per-minute', pageViewsPerMinute],
  ['demo', shopTopology],
])('describes %s as Kafka Streams does', (name, topology) => {
  const fixture = new URL(`../test/differential/fixtures/examples/${name}.txt`, import.meta.url)
  expect(normalDescribe(describeTopology(topology()))).toBe(normalDescribe(readFileSync(fixture, 'utf8')))
})
