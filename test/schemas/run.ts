/**
 * `npm run schemas -- --seed N --cases M`: random pairs of Avro schemas with data, each judged by Java's Avro and by Millrace. Exit
 * status 1 if anything differs: the verdict on a schema, its text, the incompatibilities, the bytes, the values that are read.
 */
import { parseArgs } from 'node:util'
import { missingJavaTools } from '../differential/missing-java-tools.ts'
import { type AvroJudge, startAvroJudge } from './avro-judge.ts'
import { compareCase } from './compare-case.ts'

const MOST_REPORTS = 5

const { values } = parseArgs({ options: { seed: { type: 'string' }, cases: { type: 'string', default: '2000' } } })
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const cases = Number(values.cases)

const missing = await missingJavaTools()
if (missing === undefined) {
  await using judge = await startAvroJudge()
  process.exitCode = (await run(judge)) === 0 ? 0 : 1
} else {
  console.error(`Java's Avro cannot run: ${missing}`)
  process.exitCode = 1
}

/** Returns how many cases differ. */
async function run(judge: AvroJudge): Promise<number> {
  const counts = new Map<string, number>()
  const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by)
  let different = 0
  for (let number = 0; number < cases; number++) {
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
  const shown = [...counts].map(([what, amount]) => `${amount} ${what}`).join(', ')
  console.log(`${cases} cases from seed ${seed}: ${different} differ (${shown})`)
  return different
}
