/**
 * `npm run simulate -- --seed N --runs M`: the real runtime, several processes, the in-memory cluster, virtual time; kills,
 * disks torn, corrupt or lost, restarts, faults at every call to Kafka, clock jumps, slow and failing user functions, all decided
 * by the seed. Exits with 1 when an oracle is violated, after printing the seed, what was violated, and the history of the
 * smallest run that still fails; `--seed N --runs 1` repeats it.
 *
 * `npm run simulate -- --rolling-restart` restarts three instances instead, in turn and after a crash, and prints what that costs.
 */
import { parseArgs } from 'node:util'
import { printRehearsals } from './rehearsals.ts'
import { simulateScenario } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '100' },
    history: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    'until-failure': { type: 'boolean', default: false },
    // The beginning of a violation, such as "lost write".
    'until-violation': { type: 'string' },
    'group-protocol': { type: 'string' },
    'rolling-restart': { type: 'boolean', default: false },
  },
})
const { 'until-violation': sought } = values
const first = values.seed === undefined ? Math.floor(Date.now() / 1000) % 1_000_000 : Number(values.seed)
const runs = Number(values.runs)
if (!Number.isInteger(first) || !Number.isInteger(runs) || runs < 1) {
  console.error('--seed and --runs take whole numbers, --runs from 1')
  process.exit(2)
}

const protocol = values['group-protocol']
if (protocol !== undefined && protocol !== 'classic' && protocol !== 'streams') {
  console.error('--group-protocol takes classic or streams')
  process.exit(2)
}

if (values['rolling-restart']) process.exit((await printRehearsals(first, values.history)) ? 0 : 1)

const began = performance.now()
const failed: number[] = []
let kills = 0
let done = 0
let faults = 0
const covered = new Map<string, number>()
for (let seed = first; seed < first + runs; seed++) {
  let result = await simulateScenario(seed, false, protocol)
  if (result.violations.length > 0 && !values['no-shrink']) {
    // Takes minutes, which look as if time stood still.
    console.log(
      `seed ${seed} failed: ${result.violations[0]}; making the run smaller, which --no-shrink leaves out ...`,
    )
    result = await simulateScenario(seed, true, protocol)
  }
  done++
  kills += result.kills
  faults += result.faults
  const { guarantee, groupProtocol = 'classic', threads = 1 } = result.setting
  const kind = `${result.scenario}, ${guarantee}, ${groupProtocol}${threads > 1 ? ', threads' : ''}`
  covered.set(kind, (covered.get(kind) ?? 0) + 1)
  if (result.violations.length > 0) failed.push(seed)
  if (result.violations.length > 0 || values.history) {
    console.log(`seed ${seed}: ${kind}`)
    const isSought = (violation: string) => sought !== undefined && violation.startsWith(sought)
    const violations = result.violations.toSorted((a, b) => Number(isSought(b)) - Number(isSought(a)))
    for (const violation of violations.slice(0, 10)) console.log(`  violated: ${violation}`)
    for (const line of result.topology) console.log(`  ${line}`)
    for (const line of result.history) console.log(`  ${line}`)
    const { records, troubles, processes, faults } = result.setting
    const count = faults === 'drawn' ? 'drawn' : String(faults.length)
    console.log(`  ${records.length} records, ${troubles.length} troubles, ${processes} processes, ${count} faults`)
  }
  if (failed.length > 0 && values['until-failure']) break
  if (sought !== undefined && result.violations.some(text => text.startsWith(sought))) break
}
const seconds = (performance.now() - began) / 1000
for (const [kind, count] of covered) console.log(`${count} runs of ${kind}`)
console.log(`${done} runs from seed ${first}: ${kills} kills, ${faults} faults, ${seconds.toFixed(1)} s`)
if (failed.length > 0) {
  console.log(`${failed.length} failed; repeat one with: npm run simulate -- --seed ${failed[0]} --runs 1`)
  process.exitCode = 1
}
