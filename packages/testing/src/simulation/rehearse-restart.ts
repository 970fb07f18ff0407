import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  type Clock,
  ManualClock,
  type Plan,
  topicNaming,
  type TopicPartitionOffset,
  aFiniteNumber,
  aFunction,
  aPlan,
  checkArguments,
  oneOf,
  optional,
  optionsOf,
} from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { withFaults } from '../faults/with-faults.ts'
import { ChangelogReads } from './changelog-reads.ts'
import { allCommitted, tasksRunTwice } from './cluster-oracles.ts'
import { type IdleTime, IdleWatch } from './idle-watch.ts'
import { inputSender } from './input-sender.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { APPLICATION_ID, SESSION_TIMEOUT_MS } from './process-world.ts'
import { SimulatedProcess } from './simulated-process.ts'
import { type SimulatedInput, SIMULATION_START_MS, type SimulationCase } from './simulation-case.ts'
import { externalTopics } from './topics-of-plan.ts'
import { RecordWatch, watchedPlan } from './watched-plan.ts'

export interface RehearsalOptions {
  /**
   * What is restarted: `rolling` restarts each instance in turn, as in a deployment; `crash` kills the first instance but
   * keeps its disk.
   */
  readonly restart: 'rolling' | 'crash'
  /** Returns the n-th input record of an endless input. The keys should cover every partition. */
  readonly input: (n: number) => SimulatedInput
  /** The time between two records, in milliseconds. @default 5 */
  readonly everyMs?: number
  /** @default 3 */
  readonly instances?: number
  /** The partition count of all topics that the topology reads or writes. @default 6 */
  readonly partitions?: number
  /** @default 1 */
  readonly numStandbyReplicas?: number
  /** @default 'exactly_once' */
  readonly guarantee?: SimulationCase['guarantee']
  /** How the client fences. @default 'group-metadata' */
  readonly transactions?: SimulationCase['transactions']
  /** What a rebalance takes from a member. @default 'cooperative' */
  readonly rebalance?: 'cooperative' | 'eager'
  /** The maximum latency of a call to Kafka, in milliseconds; the minimum is 1. @default 10 */
  readonly latencyMs?: number
  /** How long an instance is down, in milliseconds. @default 3 000, after a crash 10 000 */
  readonly downMs?: number
  /** @default 1 */
  readonly seed?: number
}

export interface Rehearsal {
  /** The longest time per task in which it had records to process and processed none. */
  readonly idle: readonly IdleTime[]
  readonly longestIdleMs: number
  /** The number of changelog records read for restores and standby tasks since the first restart. */
  readonly restored: number
  /** The number of them that the disk of the same process already had. */
  readonly restoredTwice: number
  readonly processed: number
  /** After so long the group gives up a member that says nothing. */
  readonly sessionTimeoutMs: number
  /** Empty when nothing went wrong that must not. */
  readonly violations: readonly string[]
  readonly history: readonly string[]
}

const count = optional(aFiniteNumber)
const OPTIONS = optionsOf({
  restart: oneOf('rolling', 'crash'),
  input: aFunction,
  everyMs: count,
  instances: count,
  partitions: count,
  numStandbyReplicas: count,
  guarantee: optional(oneOf('exactly_once', 'at_least_once')),
  transactions: optional(oneOf('group-metadata', 'producer-per-task')),
  rebalance: optional(oneOf('cooperative', 'eager')),
  latencyMs: count,
  downMs: count,
  seed: count,
})

const TICK_MS = 5
/** Until all instances run, their standbys have caught up, and nothing moves any more. */
const SETTLING_MS = 20_000
const REST_MS = 60_000

/**
 * Restarts the instances of an application while its input flows, in virtual time, and measures what that costs: how long tasks
 * leave records lying, and what is restored. Nothing else goes wrong: for that there is `simulate`.
 *
 * @example
 * const { longestIdleMs } = await rehearseRestart(topology, {
 *   restart: 'rolling',
 *   input: n => ({ topic: 'lines', key: `line-${n}`, value: 'to be or not to be' }),
 * })
 */
export async function rehearseRestart(plan: Plan, options: RehearsalOptions): Promise<Rehearsal> {
  checkArguments(
    'rehearseRestart',
    [
      ['plan', aPlan],
      ['options', OPTIONS],
    ],
    [plan, options],
  )
  const { restart, partitions = 6, everyMs = 5, instances = 3 } = options
  const setting = settingOf(options)
  const { seed, transactions, rebalance = 'cooperative' } = setting
  const clock = new ManualClock(SIMULATION_START_MS)
  const cluster = new MemoryCluster({ clock, seed })
  for (const name of externalTopics(plan)) cluster.createTopic({ name, partitions })
  const history: string[] = []
  const tell = (line: string) =>
    void history.push(`${String(clock.now() - SIMULATION_START_MS).padStart(7)} ms  ${line}`)
  const violations = new Set<string>()

  const idle = new IdleWatch(plan, cluster, clock, partitions)
  const reads = new ChangelogReads(plan)
  const watch = new RecordWatch((topic, partition, offset) => {
    processed++
    idle.sees(topic, partition, offset)
  })
  let processed = 0
  const client = memoryClient(cluster, { transactions, rebalance })
  const distant = withFaults(client, {
    seed,
    clock,
    cluster,
    probabilities: { delay: 1 },
    maxDelayMs: options.latencyMs ?? 10,
  })
  const world = {
    clock,
    plan: (_: string, of: Clock) => watchedPlan(plan, watch, of),
    setting,
    caching: 'as-planned' as const,
    stateCleanupDelayMs: 600_000,
    history: tell,
    violation: (text: string) => void violations.add(text),
  }
  const processes = Array.from({ length: instances }, (_, index) => {
    const name = `p${index}`
    const connect: typeof client = context => reads.counted(name, distant(context))
    const onWrite = (offsets: readonly TopicPartitionOffset[]) => reads.stored(name, offsets)
    const disk = new SimulatedDisk({ clock, seed, asyncReads: false, onWrite })
    return new SimulatedProcess(name, { ...world, connect }, disk)
  })

  const honest = client({ clientId: 'honest', clock, logger: silentLogger })
  const send = await inputSender(plan, honest, cluster, watch, () => 'never')
  let sent = 0
  /** Time passes, and records come. */
  const pass = async (ms: number, until: () => boolean = () => false) => {
    for (const end = clock.now() + ms; clock.now() < end && !until();) {
      while (sent * everyMs <= clock.now() - SIMULATION_START_MS) {
        await send([{ ...options.input(sent++), atMs: 0, fails: 0, slowMs: 0 }])
      }
      idle.look()
      await clock.advance(TICK_MS)
      for (const text of tasksRunTwice(cluster, processes)) violations.add(text)
    }
  }

  for (const one of processes) one.start()
  await pass(SETTLING_MS)
  idle.begin()
  const [readBefore, processedBefore] = [reads.records, processed]
  for (const one of restart === 'crash' ? processes.slice(0, 1) : processes) {
    tell(`${one.name} ${restart === 'crash' ? 'is killed' : 'is told to stop'}`)
    if (restart === 'crash') one.kill('kept')
    else one.stop()
    await pass(SETTLING_MS, () => !one.alive)
    if (one.alive) violations.add(`${one.name} did not stop within ${SETTLING_MS} ms`)
    await pass(options.downMs ?? (restart === 'crash' ? 10_000 : 3000))
    tell(`${one.name} starts`)
    one.start()
    await pass(SETTLING_MS)
  }
  const measured = { restored: reads.records - readBefore, processed: processed - processedBefore, idle: idle.longest }

  const real = topicNaming(plan, APPLICATION_ID)
  const sources = plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(real))
  const ends = clock.now() + REST_MS
  while (!(await allCommitted(honest, cluster, sources)) && clock.now() < ends) await clock.advance(1000)
  if (clock.now() >= ends) violations.add('the input was not processed to its end')
  for (const one of processes) one.stop()
  await clock.advance(30_000)
  for (const one of processes) one.kill('kept')
  await honest.close()
  return {
    ...measured,
    longestIdleMs: Math.max(0, ...measured.idle.map(({ ms }) => ms)),
    restoredTwice: reads.repeated,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    violations: [...violations],
    history,
  }
}

function settingOf(options: RehearsalOptions): SimulationCase {
  const { instances = 3, partitions = 6, guarantee = 'exactly_once', transactions = 'group-metadata' } = options
  return {
    seed: options.seed ?? 1,
    guarantee,
    transactions,
    rebalance: options.rebalance ?? 'cooperative',
    onBadRecord: 'fail',
    partitions,
    processes: instances,
    numStandbyReplicas: options.numStandbyReplicas ?? 1,
    asyncReads: false,
    watched: true,
    records: [],
    troubles: [],
    faults: [],
  }
}
