/**
 * `npm run differential:metrics [-- --kafka-streams 4.4.0]`: prints the metrics that Kafka Streams and Millrace register for the same topology,
 * with tags, recording levels and values. Exit status 1 if a difference is not in `known-metric-differences.ts`.
 */
import { parseArgs } from 'node:util'
import { KAFKA_STREAMS_VERSIONS, startJavaPeer } from '../java-peer.ts'
import { missingJavaTools } from '../missing-java-tools.ts'
import { compareMetrics } from './compare-metrics.ts'

const { values } = parseArgs({ options: { 'kafka-streams': { type: 'string', default: KAFKA_STREAMS_VERSIONS[0] } } })
const version = KAFKA_STREAMS_VERSIONS.find(known => known === values['kafka-streams'])
const missing = await missingJavaTools()
if (version === undefined) fail(`--kafka-streams must be one of ${KAFKA_STREAMS_VERSIONS.join(', ')}`)
else if (missing !== undefined) fail(`Kafka Streams cannot run: ${missing}`)
else await main(version)

async function main(kafkaStreams: (typeof KAFKA_STREAMS_VERSIONS)[number]): Promise<void> {
  await using java = await startJavaPeer(kafkaStreams)
  const { metrics, stale } = await compareMetrics(java)
  console.log(`| group | metric | tags | Kafka Streams ${kafkaStreams} | Millrace | |\n|---|---|---|---|---|---|`)
  for (const { group, name, tags, java: their, millrace: our, reasons, unexplained } of metrics) {
    const note = [...unexplained.map(kind => `NOT EXPLAINED (${kind})`), ...reasons].join('; ')
    console.log(`| ${group} | ${name} | ${tags} | ${shown(their)} | ${shown(our)} | ${note} |`)
  }
  for (const known of stale) console.log(`Not seen any more: ${known.in} ${known.group} ${String(known.names)}`)
  const unexplained = metrics.filter(metric => metric.unexplained.length > 0)
  const same = metrics.filter(({ differences }) => differences.length === 0)
  console.log(
    `${metrics.length} metrics: ${same.length} the same, ${metrics.length - same.length - unexplained.length} differ for a known reason, ${unexplained.length} not explained`,
  )
  if (unexplained.length > 0 || stale.length > 0) process.exitCode = 1
}

function shown(side: { readonly level: string; readonly value: number | undefined } | undefined): string {
  return side === undefined ? '–' : `${side.level} ${side.value ?? '(text)'}`
}

function fail(why: string): void {
  console.error(why)
  process.exitCode = 2
}
