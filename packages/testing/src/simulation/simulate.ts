import {
  type Plan,
  topicNaming,
  aBoolean,
  aFiniteNumber,
  aFunction,
  aPlan,
  checkArguments,
  mustBe,
  isPlainObject,
  checkedInside,
  either,
  listOf,
  oneOf,
  optional,
  optionsOf,
} from '@millrace/core'
import type { ProcessingGuarantee } from '@millrace/runtime'
import { anomalyText } from '../history/anomaly.ts'
import { checkHistory } from '../history/check-history.ts'
import type { History, HistoryLink } from '../history/history.ts'
import { type Comparison, differences } from './compare-runs.ts'
import { drawCase } from './draw-case.ts'
import { decoded } from './read-records.ts'
import { type CaseResult, runCase } from './run-case.ts'
import { shrinkCase } from './shrink-case.ts'
import { APPLICATION_ID } from './process-world.ts'
import { isLeftOut, type SimulatedInput, type SimulationCase } from './simulation-case.ts'

/** What came out of a simulated run, for an oracle. */
export interface SimulatedRun {
  readonly guarantee: ProcessingGuarantee
  /** Nothing crashed and no call failed: under `at_most_once` nothing may be lost either. */
  readonly calm: boolean
  readonly partitions: number
  /** The input that counts: records on which a user function always fails, or takes too long, by policy, are left out. */
  readonly input: readonly SimulatedInput[]
  /** Topics that the topology writes. */
  readonly topics: readonly string[]
  /** All records that the cluster has taken, with what became of them, and all committed offsets; `checkHistory` has seen it. */
  readonly history: History
  /** What was committed there, partition by partition. */
  output(topic: string): readonly SimulatedOutput[]
}

export interface SimulatedOutput {
  readonly key: unknown
  readonly value: unknown
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly partition: number
  readonly offset: number
  readonly keyBytes: Uint8Array | null
  readonly valueBytes: Uint8Array | null
}

/** Returns or throws what is wrong with a run. */
export type Oracle = (run: SimulatedRun) => readonly string[] | void

export interface SimulationOptions {
  /** The seed, which determines the whole run. */
  readonly seed: number
  readonly input: readonly SimulatedInput[] | ((random: () => number) => readonly SimulatedInput[])
  /** @default the output compared with that of a run without trouble, by `compare` */
  readonly oracle?: Oracle
  /** What records of some topics come to in others: for lost, doubled, torn and disordered records by name. @default none */
  readonly links?: readonly HistoryLink[]
  /** @default 'last' */
  readonly compare?: Comparison
  /** @default drawn from the seed */
  readonly guarantee?: SimulationCase['guarantee']
  /** Who assigns the tasks: an instance, or the broker (KIP-1071). @default drawn from the seed */
  readonly groupProtocol?: SimulationCase['groupProtocol']
  /** What to do with records on which functions fail. @default drawn from the seed */
  readonly onBadRecord?: SimulationCase['onBadRecord']
  /** The partition count of all topics that the topology reads or writes. @default 1 to 4, drawn from the seed */
  readonly partitions?: number
  /** Settings of topics that the topology reads or writes, by name. In half of the runs the application may not see them. */
  readonly topicConfigs?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** @default 'as-planned' */
  readonly caching?: 'as-planned' | 'off'
  /** Of the application. @default never: stream time moves on with records only */
  readonly idleAdvanceMs?: number
  /**
   * How long a run continues after its input is processed, in virtual milliseconds, so that time-dependent results appear.
   * @default 0
   */
  readonly quietMs?: number
  /**
   * Whether the time of day of a process may be set back or forward by up to two hours. Turn it off where the oracle expects what only the
   * time of day brings out: rows with `ttlBy: 'wall-clock'`, or `idleAdvanceMs`, which never moves stream time past the time of day.
   * @default true
   */
  readonly clockSteps?: boolean
  /** Whether a failed run is reduced to a smaller one. @default true */
  readonly shrink?: boolean
}

const OPTIONS = optionsOf({
  seed: aFiniteNumber,
  input: either('an array of records, or a function that returns one', aFunction, listOf(checkedInside, 'an array')),
  oracle: optional(aFunction),
  links: optional(listOf(checkedInside, 'an array')),
  compare: checkedInside,
  guarantee: optional(oneOf('exactly_once', 'at_least_once', 'at_most_once')),
  groupProtocol: optional(oneOf('classic', 'streams')),
  onBadRecord: checkedInside,
  partitions: optional(aFiniteNumber),
  topicConfigs: checkedInside,
  caching: optional(oneOf('as-planned', 'off')),
  idleAdvanceMs: optional(aFiniteNumber),
  quietMs: optional(aFiniteNumber),
  clockSteps: optional(aBoolean),
  shrink: optional(aBoolean),
})

export interface SimulationResult {
  readonly seed: number
  /** The violations found, empty if there are none. After shrinking, those of the smaller run. */
  readonly violations: readonly string[]
  /** The events in order, with virtual times. */
  readonly history: readonly string[]
  /** The case that was run; after shrinking, the smallest case that still fails. */
  readonly setting: SimulationCase
  readonly kills: number
  readonly faults: number
}

/**
 * Runs a topology for a minute of virtual time with all the trouble that a seed decides: processes are killed, with and
 * without their disks, stopped and started, calls to Kafka fail, the group gives members up, the clock jumps, user
 * functions fail and take their time. In the end no record may have been lost, no task run twice at a time, and the stores
 * equal their changelogs; and the oracle says what the output has to be. A run that fails is made smaller.
 *
 * @example
 * for (let seed = 1; seed <= 100; seed++) {
 *   const { violations, history } = await simulate(topology, { seed, input: [{ topic: 'lines', key: 'k', value: 'to be' }] })
 *   expect(violations, history.join('\n')).toEqual([])
 * }
 */
export async function simulate(plan: Plan, options: SimulationOptions): Promise<SimulationResult> {
  checkArguments(
    'simulate',
    [
      ['plan', aPlan],
      ['options', OPTIONS],
    ],
    [plan, options],
  )
  const {
    seed,
    guarantee,
    partitions,
    input,
    idleAdvanceMs,
    onBadRecord,
    groupProtocol,
    topicConfigs,
    quietMs = 0,
    clockSteps = true,
  } = options
  const drawn = drawCase({ plan, seed, input, guarantee, partitions, onBadRecord, groupProtocol })
  const setting: SimulationCase = {
    ...drawn,
    troubles: clockSteps ? drawn.troubles : drawn.troubles.filter(({ kind }) => kind !== 'wall-clock-step'),
    ...(idleAdvanceMs === undefined ? {} : { idleAdvanceMs }),
    ...(topicConfigs === undefined ? {} : { topicConfigs, configsHidden: Math.floor(seed / 4) % 2 === 0 }),
    quietMs,
  }
  const first = await judge(plan, setting, options)
  const result = { seed, kills: first.kills, faults: first.faults.length }
  if (first.violations.length === 0 || options.shrink === false) {
    return { ...result, setting, violations: first.violations, history: first.history }
  }
  const small = await shrinkCase({ ...setting, faults: first.faults }, async smaller => {
    const { violations } = await judge(plan, smaller, options)
    return hasSameKind(violations, first.violations)
  })
  const last = await judge(plan, small, options)
  // A fault that was scheduled by its number may not be the one that was drawn: then only the first run is available.
  if (last.violations.length === 0) return { ...result, setting, violations: first.violations, history: first.history }
  return { ...result, setting: small, violations: last.violations, history: last.history }
}

/** So that a smaller case fails as the first one did: with fewer records, an oracle may say something that is true of any run of them. */
function hasSameKind(violations: readonly string[], as: readonly string[]): boolean {
  const kindOf = (text: string) => /^[a-z -]+(?=:)/.exec(text)?.[0]
  const kinds = new Set(as.map(kindOf))
  return violations.some(text => kinds.has(kindOf(text)))
}

/** Runs a case again that `simulate` returned as `setting`. */
export async function replay(plan: Plan, setting: SimulationCase, options: Judging = {}): Promise<SimulationResult> {
  const aSetting = (given: unknown, name: string) =>
    isPlainObject(given) && Array.isArray(given['troubles'])
      ? undefined
      : mustBe(name, 'the setting that simulate() has returned', given)
  checkArguments(
    'replay',
    [
      ['plan', aPlan],
      ['setting', aSetting],
    ],
    [plan, setting],
  )
  const { violations, history, kills, faults } = await judge(plan, setting, options)
  return { seed: setting.seed, setting, violations, history, kills, faults: faults.length }
}

type Judging = Pick<SimulationOptions, 'oracle' | 'links' | 'compare' | 'caching'>

async function judge(plan: Plan, setting: SimulationCase, options: Judging): Promise<CaseResult> {
  const caching = options.caching ?? 'as-planned'
  const ran = await runCase(plan, setting, caching)
  const anomalies = checkHistory({ ...ran.recorded, links: options.links ?? [] })
  const found = { ...ran, violations: [...ran.violations, ...anomalies.map(anomalyText)] }
  const run = simulatedRun(plan, setting, found)
  if (options.oracle !== undefined) return { ...found, violations: [...found.violations, ...ask(options.oracle, run)] }
  // What was lost changes what comes of the rest.
  if (setting.guarantee === 'at_most_once' && setting.calm !== true) return found
  const calm = simulatedRun(plan, setting, await runCase(plan, withoutTrouble(setting), caching))
  // A key whose topic has grown comes from two partitions, in no order. Only topologies without stores, and so without caches, grow.
  const grown = setting.troubles.some(({ kind }) => kind === 'grow')
  const comparison = grown ? 'each' : (options.compare ?? 'last')
  return { ...found, violations: [...found.violations, ...differences(run, calm, comparison)] }
}

function ask(oracle: Oracle, run: SimulatedRun): readonly string[] {
  try {
    return oracle(run) ?? []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

function simulatedRun(plan: Plan, setting: SimulationCase, { outputs, recorded }: CaseResult): SimulatedRun {
  const real = topicNaming(plan, APPLICATION_ID)
  const sinks = plan.nodes.filter(node => node.kind === 'sink')
  return {
    guarantee: setting.guarantee,
    calm: setting.calm === true,
    partitions: setting.partitions,
    input: setting.records.filter(record => !isLeftOut(setting, record)),
    topics: [...outputs.keys()],
    history: recorded,
    output(topic) {
      const sink = sinks.find(node => typeof node.topic === 'string' && real(node.topic) === topic)
      return (outputs.get(topic) ?? []).map(record => ({
        ...record,
        key: sink === undefined ? record.keyBytes : decoded(sink.keySerde, record.keyBytes, topic),
        value: sink === undefined ? record.valueBytes : decoded(sink.valueSerde, record.valueBytes, topic),
      }))
    },
  }
}

/** The same input, and what fails always, but nothing else. */
function withoutTrouble(setting: SimulationCase): SimulationCase {
  return {
    ...setting,
    processes: 1,
    troubles: [],
    faults: [],
    records: setting.records.map(record => ({
      ...record,
      slowMs: 0,
      fails: isLeftOut(setting, record) ? Infinity : 0,
    })),
  }
}
