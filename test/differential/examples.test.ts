import { readFileSync } from 'node:fs'
import { describe, type Plan } from 'millrace'
import { expect, it } from 'vitest'
import { wordCount } from '../../examples/01-word-count.ts'
import { enrichOrders } from '../../examples/02-enrich-orders.ts'
import { pageViewsPerMinute } from '../../examples/03-page-views-per-minute.ts'
import { normalDescribe } from './normal-describe.ts'

// The texts are what Kafka Streams prints for describe-java/DescribeExamples.java.
it.each<[string, () => Plan]>([
  ['01-word-count', wordCount],
  ['02-enrich-orders', enrichOrders],
  ['03-page-views-per-minute', pageViewsPerMinute],
])('describes the example %s as Kafka Streams does', (name, topology) => {
  const java = readFileSync(new URL(`fixtures/examples/${name}.txt`, import.meta.url), 'utf8')
  expect(normalDescribe(describe(topology()))).toBe(normalDescribe(java))
})
