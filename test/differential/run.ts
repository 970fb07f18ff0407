/**
 * `npm run differential -- --seed N --cases M`: random topologies, each built by Millrace and by Kafka Streams, and what
 * differs shrunk to the smallest case. Exit status 1 if anything differs.
 */
import { parseArgs } from 'node:util'
import { compareDescribe, type Described } from './compare-describe.ts'
import { seededChoice } from './choice.ts'
import { generateTopology } from './generate-topology.ts'
import { type JavaPeer, startJavaPeer } from './java-peer.ts'
import { missingJavaTools } from './missing-java-tools.ts'
import { shrinkTopology } from './shrink-topology.ts'
import type { TopologySpec } from './spec.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string' }, cases: { type: 'string', default: '1000' } },
})
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const cases = Number(values.cases)

const missing = await missingJavaTools()
if (missing === undefined) await main()
else {
  console.error(`Kafka Streams cannot run: ${missing}`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  await using java = await startJavaPeer()
  const { kafka } = await java.version()
  console.log(`${cases} topologies from seed ${seed}, against Kafka Streams ${kafka}`)
  const operators = new Map<string, number>()
  const verdicts = new Map<string, number>()
  for (let number = 0; number < cases; number++) {
    const topology = generateTopology(seededChoice(seed + number))
    for (const { op } of topology) operators.set(op, (operators.get(op) ?? 0) + 1)
    const { verdict } = await compareDescribe(topology, java)
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
    if (verdict === 'different') await report(topology, java, seed + number)
  }
  console.log(`operators: ${counts(operators)}`)
  console.log(`results: ${counts(verdicts)}`)
  console.log('compared: describe(). Not yet: records, stores, changelogs, and operators that are not in the list.')
  const different = verdicts.get('different') ?? 0
  console.log(`${cases - different} passed, ${different} failed`)
  if (different > 0) process.exitCode = 1
}

async function report(topology: TopologySpec, java: JavaPeer, caseSeed: number): Promise<void> {
  const small = await shrinkTopology(
    topology,
    async smaller => (await compareDescribe(smaller, java)).verdict === 'different',
  )
  const { ours, java: theirs } = await compareDescribe(small, java)
  console.log(
    `\nDifferent (--seed ${caseSeed} --cases 1), shrunk to\n${small.map(step => JSON.stringify(step)).join('\n')}`,
  )
  console.log(`\nMillrace:\n${shown(ours)}\nKafka Streams:\n${shown(theirs)}`)
}

function shown(side: Described): string {
  return 'described' in side ? side.described : `refused: ${side.refused}`
}

function counts(of: ReadonlyMap<string, number>): string {
  return [...of]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
