import { expect, it } from 'vitest'
import { startJavaPeer } from '../java-peer.ts'
import { missingJavaTools } from '../missing-java-tools.ts'
import { compareMetrics } from './compare-metrics.ts'

const missing = await missingJavaTools()

it('registers the metrics of Kafka Streams, but for the known differences', { timeout: 240_000 }, async context => {
  context.skip(missing !== undefined, missing)
  await using java = await startJavaPeer()
  const { metrics, stale } = await compareMetrics(java)
  const unexplained = metrics.filter(metric => metric.unexplained.length > 0)
  expect(unexplained.map(({ group, name, tags, unexplained: kinds }) => [group, name, tags, ...kinds])).toEqual([])
  expect(stale).toEqual([])
  expect(metrics.filter(({ differences }) => differences.length === 0).length).toBeGreaterThan(100)
})
