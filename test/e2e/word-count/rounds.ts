import { parseArgs } from 'node:util'
import { sharedKafka } from '@millrace/dev-kafka'
import type { ProcessingGuarantee } from 'millrace'
import { runRound } from './round.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    guarantee: { type: 'string', default: 'exactly_once' },
    words: { type: 'string', default: '200000' },
    'group-protocol': { type: 'string', default: 'classic' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const guarantee = values.guarantee as ProcessingGuarantee
const groupProtocol = values['group-protocol'] === 'streams' ? 'streams' : 'classic'
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed)

await using kafka = await sharedKafka({ log: line => console.error(`dev-kafka: ${line}`) })
let failed = 0
for (let round = 0; round < Number(values.rounds); round++) {
  const seed = firstSeed + round
  const result = await runRound({ brokers: kafka.brokers, guarantee, seed, words: Number(values.words), groupProtocol })
  const killed = `killed at ${result.committedAtKill} of ${result.lines} lines`
  const outcome = result.mistakes.length === 0 ? 'as it must be' : `${result.mistakes.length} words are wrong`
  console.log(`round ${round + 1}, seed ${seed}, ${guarantee}: ${killed}, ${result.milliseconds} ms: ${outcome}`)
  if (result.mistakes.length > 0) {
    failed++
    console.log(result.mistakes.slice(0, 20).join('\n'))
  }
  if (values.verbose || result.mistakes.length > 0) console.log(result.log())
}
console.log(failed === 0 ? 'all rounds succeeded' : `${failed} rounds failed`)
process.exitCode = failed === 0 ? 0 : 1
