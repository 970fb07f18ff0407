/**
 * `npm run schemas -- --format FORMAT --seed N --cases M`: schemas with data, each judged by an original and by Millrace. Exit status 1 if
 * anything differs. `avro` (the default): random pairs of schemas, judged by Java's Avro. `protobuf`: random .proto files, judged by protoc,
 * and messages of them, judged by Google's Java runtime.
 * `json-schema`: the official test suite (`--suite FOLDER` for another version of it).
 */
import { parseArgs } from 'node:util'
import { missingJavaTools } from '../differential/missing-java-tools.ts'
import { type AvroJudge, startAvroJudge } from './avro-judge.ts'
import { compareCase } from './compare-case.ts'
import { runJsonSchema } from './json-schema/run-json-schema.ts'
import { runProtobuf } from './protobuf/run-protobuf.ts'

const MOST_REPORTS = 5

const { values } = parseArgs({
  options: {
    format: { type: 'string', default: 'avro' },
    seed: { type: 'string' },
    cases: { type: 'string' },
    suite: { type: 'string' },
  },
})
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const cases = values.cases === undefined ? undefined : Number(values.cases)

const missing = values.format === 'json-schema' ? undefined : await missingJavaTools()
if (values.format === 'json-schema') {
  process.exitCode = (await runJsonSchema(values.suite)) === 0 ? 0 : 1
} else if (missing !== undefined) {
  console.error(`The originals cannot run: ${missing}`)
  process.exitCode = 1
} else if (values.format === 'protobuf') {
  process.exitCode = (await runProtobuf(seed, cases ?? 500)) === 0 ? 0 : 1
} else if (values.format === 'avro') {
  await using judge = await startAvroJudge()
  process.exitCode = (await run(judge, cases ?? 2_000)) === 0 ? 0 : 1
} else {
  console.error(`There is no format "${values.format}": avro, protobuf or json-schema`)
  process.exitCode = 2
}

/** Returns how many cases differ. */
async function run(judge: AvroJudge, amount: number): Promise<number> {
  const counts = new Map<string, number>()
  const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by)
  let different = 0
  for (let number = 0; number < amount; number++) {
    const { differences, outcome, values: compared, refusedValues, ...rest } = await compareCase(judge, seed + number)
    count(outcome)
    count('values read', compared - refusedValues)
    count('values refused', refusedValues)
    if (differences.length === 0) continue
    different += 1
    if (different > MOST_REPORTS) continue
    console.log(`\nseed ${seed + number}: npm run schemas -- --seed ${seed + number} --cases 1`)
    console.log(`  writer ${rest.case.writer}\n  reader ${rest.case.reader}`)
    for (const difference of differences) console.log(`  ${difference}`)
  }
  const shown = [...counts].map(([what, times]) => `${times} ${what}`).join(', ')
  console.log(`${amount} cases from seed ${seed}: ${different} differ (${shown})`)
  return different
}
