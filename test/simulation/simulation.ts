import { seededRandom } from '@millrace/core'
import { simulate, type SimulatedRun, type SimulationOptions, type SimulationResult } from '@millrace/testing'
import { generatedCase } from './generated.ts'
import { type Scenario, SCENARIOS } from './scenarios.ts'

export interface ScenarioResult extends SimulationResult {
  readonly scenario: string
  /** The steps of a topology that was drawn, a line each. */
  readonly topology: readonly string[]
}

/** How often a topology is drawn at random, and compared with a run without trouble, where each scenario counts once. */
const GENERATED = 2

/** One run, decided by its seed alone: topology, input, trouble, and when each happens. */
export async function simulateScenario(
  seed: number,
  shrink = true,
  groupProtocol?: SimulationOptions['groupProtocol'],
): Promise<ScenarioResult> {
  const protocol = groupProtocol === undefined ? {} : { groupProtocol }
  const random = seededRandom(seed * 7919 + 13)
  const chosen = Math.floor(random() * (SCENARIOS.length + GENERATED))
  const scenario = SCENARIOS[chosen]
  if (scenario === undefined) {
    const { plan, options, spec } = generatedCase(seed)
    const result = await simulate(plan, { seed, shrink, ...protocol, ...options })
    return { ...result, scenario: 'generated topology', topology: spec.map(step => JSON.stringify(step)) }
  }
  const result = await simulate(scenario.plan(), {
    seed,
    shrink,
    ...protocol,
    ...(scenario.givesUp === true && { onBadRecord: seed % 2 === 0 ? 'continue' : 'dead-letter' }),
    topicConfigs: scenario.topicConfigs ?? smallBatches(scenario, seed),
    input: draw => scenario.input(draw, 20 + Math.floor(draw() * 180)),
    oracle: run => wrongOutput(scenario, run),
    ...(scenario.links && { links: scenario.links }),
  })
  return { ...result, scenario: scenario.name, topology: [] }
}

/** In one run of four the output takes each record, and not all batches: what is refused is sent again in parts. */
function smallBatches({ output }: Scenario, seed: number): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return seed % 4 === 1 ? { [output]: { 'max.message.bytes': '300' } } : {}
}

/** The oracle: what came out is what had to, exactly or, where records may be repeated, at least. */
export function wrongOutput(scenario: Scenario, run: SimulatedRun): readonly string[] {
  const violations: string[] = []
  const exactly = run.guarantee === 'exactly_once'
  // What was in flight when something failed may be missing, also where a record of the same task was given up.
  const mayLose = run.guarantee === 'at_most_once' && (!run.calm || scenario.givesUp === true)
  const last = new Map<string, string>()
  for (const { key: given, value: found, offset, partition } of run.output(scenario.output)) {
    const [key, value] = [scenario.showKey(given), String(found)]
    const before = last.get(key)
    if (exactly && before !== undefined && !(scenario.grows && Number(value) > Number(before))) {
      violations.push(`${key} went from ${before} to ${value} at offset ${offset} of partition ${partition}`)
    }
    last.set(key, value)
  }
  const expected = scenario.expected(run.input)
  for (const [key, value] of expected) {
    const found = last.get(key)
    if (mayLose) {
      if (scenario.grows && Number(found ?? 0) > Number(value))
        violations.push(`duplicate: ${key} is ${found} in the end, but only ${value} was put in`)
      continue
    }
    const holds =
      found === value || (!exactly && scenario.grows && found !== undefined && Number(found) >= Number(value))
    if (!holds) violations.push(`${key} is ${found ?? 'missing'} in the end, but ${value} was put in`)
  }
  // What a record did before it was refused may stay where nothing is taken back after a commit.
  const givenUp = new Set(mayLose && scenario.givesUp === true ? run.input.map(({ key }) => String(key)) : [])
  for (const key of last.keys())
    if (!expected.has(key) && !givenUp.has(key)) violations.push(`${key} came out and was never put in`)
  return violations
}
