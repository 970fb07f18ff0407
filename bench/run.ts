/**
 * `npm run bench`: Millrace beside Kafka Streams on a real broker.
 *
 *   npm run bench                             all workloads, five rounds; writes docs/benchmarks.md
 *   npm run bench -- --only json,count-100k --rounds 1 --scale 0.2
 *   npm run bench -- --quick                  the guard against collapse: Millrace alone, under five minutes
 *   npm run bench -- --scaling                more processes, more state; into docs/benchmarks.md
 *   npm run bench -- --queries [--rounds 3]   reads over HTTP while records are processed; writes docs/query-benchmarks.md
 *   npm run bench -- --engine                 the engine by itself, on the Kafka in memory
 *
 * The exit status is 1 when a goal is missed on a quiet machine, when outputs differ, or when a workload fails.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { CONTENDER_NAMES, OWN_NAMES, pickContenders } from './compare/contender-names.ts'
import { compare } from './compare/run.ts'
import { guard } from './compare/guard.ts'
import { printEngineResults, runEngineBench } from './engine/run.ts'
import { runQueries } from './queries/run.ts'
import { runScaling } from './scaling/run.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    repeats: { type: 'string', default: '2' },
    scale: { type: 'string', default: '1' },
    contenders: { type: 'string', default: 'java,millrace' },
    pin: { type: 'boolean', default: false },
    port: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    quick: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    scaling: { type: 'boolean', default: false },
    queries: { type: 'boolean', default: false },
    engine: { type: 'boolean', default: false },
    records: { type: 'string', default: '3000000' },
    keys: { type: 'string', default: '100000' },
    profile: { type: 'boolean', default: false },
  },
})

async function run(): Promise<boolean> {
  const port = values.port === undefined ? undefined : Number(values.port)
  if (values.engine) {
    const { only, profile, json, records, keys, scale } = values
    const results = await runEngineBench({
      records: Number(records),
      keys: Number(keys),
      scale: Number(scale),
      only,
      profile,
    })
    if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`)
    return printEngineResults(results)
  }
  if (values.scaling) {
    await runScaling({ port, scale: Number(values.scale), pin: values.pin, markdown: values.markdown })
    return true
  }
  if (values.quick) return guard({ port, record: values.record })
  const common = {
    rounds: Number(values.rounds),
    scale: Number(values.scale),
    pin: values.pin,
    port,
    json: values.json,
    markdown: values.markdown,
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
  }
  if (values.queries) return runQueries({ ...common, contenders: pickContenders(values.contenders, OWN_NAMES) })
  return compare({
    ...common,
    contenders: pickContenders(values.contenders, CONTENDER_NAMES),
    only: values.only,
    repeats: Number(values.repeats),
    profile: values.profile,
  })
}

// With its exit the contenders and the broker end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

process.exitCode = (await run()) ? 0 : 1
