/**
 * `npm run bench`: what Millrace does in a second, and what Kafka Streams does.
 *
 *   npm run bench -- --engine                 the engine by itself, on the in-memory cluster
 *   npm run bench -- --json FILE              side by side with Kafka Streams on the JVM, on a real broker
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { printEngineResults, runEngineBench } from './engine/run.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    records: { type: 'string' },
    keys: { type: 'string', default: '100000' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
})

if (values.engine) {
  const results = await runEngineBench({
    records: Number(values.records ?? 3_000_000),
    keys: Number(values.keys),
    only: values.only,
    profile: values.profile,
  })
  const reached = printEngineResults(results)
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ engine: results }, null, 2)}\n`)
  process.exitCode = reached ? 0 : 1
}
