/**
 * `npm run bench`: what Millrace does in a second, and what Kafka Streams does.
 *
 *   npm run bench -- --engine                 the engine by itself, on the in-memory cluster
 *   npm run bench -- --json FILE              that, and side by side with Kafka Streams on the JVM, on a real broker
 *
 * Exits with 1 when the engine misses a goal. There is no goal yet for the comparison on a broker: the client over kafkajs
 * bounds it, and the wire client that is to be fast comes later.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { ProcessingGuarantee } from '@millrace/runtime'
import { printEngineResults, runEngineBench } from './engine/run.ts'
import { printSideBySide, runSideBySide } from './side-by-side/run.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    records: { type: 'string' },
    keys: { type: 'string', default: '100000' },
    only: { type: 'string' },
    guarantee: { type: 'string', default: 'at_least_once' },
    json: { type: 'string' },
  },
})

const engine = await runEngineBench({
  records: Number(values.records ?? 3_000_000),
  keys: Number(values.keys),
  only: values.only,
  profile: values.profile,
})
const reached = printEngineResults(engine)
const sideBySide = values.engine
  ? []
  : await runSideBySide({
      records: Number(values.records ?? 1_500_000),
      keys: Number(values.keys),
      only: values.only,
      guarantee: values.guarantee as ProcessingGuarantee,
    })
printSideBySide(sideBySide)
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ engine, sideBySide }, null, 2)}\n`)
process.exitCode = reached ? 0 : 1
