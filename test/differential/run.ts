/**
 * `npm run differential -- --seed N --cases M [--kafka-streams 4.4.0]`: random topologies and inputs, each built and run by Millrace and by Kafka
 * Streams, and what differs shrunk to the smallest case; then random values in the formats that both share. Exit status 1 if
 * anything differs.
 */
import { parseArgs } from 'node:util'
import { type Case, type CaseComparison, compareCase } from './compare-case.ts'
import { generateCase } from './generate-case.ts'
import { type JavaPeer, KAFKA_STREAMS_VERSIONS, startJavaPeer } from './java-peer.ts'
import { compareFormats } from './formats/compare-formats.ts'
import { countCase, uncovered } from './coverage.ts'
import { missingJavaTools } from './missing-java-tools.ts'
import { sideBySide } from './print/side-by-side.ts'
import { typescriptProgram } from './print/typescript-program.ts'
import { shrinkCase } from './shrink-case.ts'
import { UNCOMPARED } from './uncompared.ts'

/** Shrinking takes a while, and a defect shows itself in many cases. */
const MOST_REPORTS = 3

/** A case that takes longer is named, so that a run that hangs says where. */
const SLOW_MS = 10_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    cases: { type: 'string', default: '1000' },
    /** Of each format. As many as cases, if not said. */
    values: { type: 'string' },
    'require-coverage': { type: 'boolean' },
    'kafka-streams': { type: 'string', default: KAFKA_STREAMS_VERSIONS[0] },
  },
})
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const cases = Number(values.cases)
const valuesOfEach = values.values === undefined ? cases : Number(values.values)

const version = KAFKA_STREAMS_VERSIONS.find(known => known === values['kafka-streams'])
if (version === undefined) {
  console.error(
    `--kafka-streams is "${values['kafka-streams']}", but must be one of ${KAFKA_STREAMS_VERSIONS.join(', ')}`,
  )
  process.exit(2)
}

const missing = await missingJavaTools()
if (missing === undefined) await main()
else {
  console.error(`Kafka Streams cannot run: ${missing}`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  await using java = await startJavaPeer(version)
  const { kafka } = await java.version()
  console.log(`${cases} cases from seed ${seed}, against Kafka Streams ${kafka}`)
  const operators = new Map<string, number>()
  const verdicts = new Map<string, number>()
  for (let number = 0; number < cases; number++) {
    const slow = setTimeout(() => console.log(`slow: seed ${seed + number} takes more than ${SLOW_MS} ms`), SLOW_MS)
    const drawn = generateCase(seed + number)
    countCase(operators, drawn)
    const { verdict } = await compareCase(drawn, java)
    count(verdicts, verdict)
    clearTimeout(slow)
    if (verdict !== 'different') continue
    if (verdicts.get(verdict)! <= MOST_REPORTS) await report(drawn, java, seed + number)
    else console.log(`different, too: seed ${seed + number}`)
  }
  console.log(`covered: ${shownCounts(operators)}`)
  const missed = uncovered(operators)
  console.log(`not covered: ${missed.length === 0 ? 'nothing' : missed.join(', ')}`)
  if (values['require-coverage'] && missed.length > 0) process.exitCode = 1
  console.log(`results: ${shownCounts(verdicts)}`)
  console.log('compared: describe(), the records of all topics, the contents of all stores. Not compared:')
  for (const { what, reason, open } of UNCOMPARED) console.log(`- ${open ? '(open) ' : ''}${what}: ${reason}`)
  const formats = await compareFormats(seed, valuesOfEach, java)
  for (const line of formats.differences.slice(0, MOST_REPORTS)) console.log(`Different (--seed N --cases 1): ${line}`)
  console.log(`formats, this many values of each: ${shownCounts(formats.counts)}`)
  const failed = (verdicts.get('different') ?? 0) + formats.differences.length
  const compared = cases + [...formats.counts.values()].reduce((sum, each) => sum + each, 0)
  console.log(`${compared - failed} passed, ${failed} failed: cases ${cases}, values in formats ${compared - cases}`)
  if (failed > 0) process.exitCode = 1
}

async function report(drawn: Case, java: JavaPeer, caseSeed: number): Promise<void> {
  const kind = differenceKind(await compareCase(drawn, java))
  const differs = async (smaller: Case): Promise<boolean> =>
    differenceKind(await compareCase(smaller, java).catch(() => undefined)) === kind
  const small = await shrinkCase(drawn, differs)
  const { differences } = await compareCase(small, java)
  const shown = sideBySide(small, differences).join('\n')
  const whole = typescriptProgram(small).join('\n')
  console.log(`\nDifferent (--seed ${caseSeed} --cases 1), shrunk to\n${shown}`)
  console.log(
    `\nTo run in test/differential, with --conditions=millrace-source:\n${whole}\n\nAs data: ${JSON.stringify(small)}\n`,
  )
}

/** In the whole: leaving steps out may bring another difference, such as a serde that is missing, or make nonsense of the rest. */
function differenceKind(compared: CaseComparison | undefined): string | undefined {
  if (compared?.verdict !== 'different') return undefined
  const all = compared.differences.join('\n')
  const reasons = [...all.matchAll(/MILLRACE_\w+|\w+(?:Exception|Error)\b/g)].map(([name]) => name)
  return reasons.length > 0 ? reasons.join() : all.slice(0, all.indexOf(' '))
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function shownCounts(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([name, times]) => `${name} ${times}`).join(', ')
}
