import { type MarkerFate, type MemoryClient, MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  type Clock,
  ManualClock,
  type Plan,
  seededRandom,
  topicNaming,
  type TopicPartitionOffset,
} from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { anomalyText } from '../history/anomaly.ts'
import { checkStores } from '../history/check-stores.ts'
import type { History } from '../history/history.ts'
import type { FaultEvent } from '../faults/fault-plan.ts'
import { withFaults } from '../faults/with-faults.ts'
import { allCommitted, OffsetWatch, tasksRunTwice } from './cluster-oracles.ts'
import { HistoryRecorder } from './history-recorder.ts'
import { inputSender } from './input-sender.ts'
import { LiveOracle } from './live-oracle.ts'
import { OnceWatch } from './once-watch.ts'
import { QueryOracle } from './query-oracle.ts'
import { type CommittedRecord, readCommitted } from './read-records.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { type SimulatedMachine, SimulatedProcess } from './simulated-process.ts'
import { APPLICATION_ID } from './process-world.ts'
import type { SimulatedMember } from './member-watch.ts'
import { ThreadedProcess } from './threaded-process.ts'
import {
  DEAD_LETTER_TOPIC,
  isLeftOut,
  type SimulatedRecord,
  SIMULATION_START_MS,
  type SimulationCase,
  takesTooLong,
  type Trouble,
  TROUBLE_MS,
} from './simulation-case.ts'
import { externalTopics, sinkTopics } from './topics-of-plan.ts'
import { TransactionWatch } from './transaction-watch.ts'
import { withoutConfigs } from './without-configs.ts'
import { RecordWatch, watchedPlan } from './watched-plan.ts'

/** What came of a case. */
export interface CaseResult {
  /** Of the oracles that need to know nothing of the topology. */
  readonly violations: readonly string[]
  /** What happened, in order, with virtual times. */
  readonly history: readonly string[]
  readonly faults: readonly FaultEvent[]
  readonly kills: number
  /** Committed records of each topic that the plan writes for others, and of the dead-letter topic. */
  readonly outputs: ReadonlyMap<string, readonly CommittedRecord[]>
  /** All that the cluster has taken. */
  readonly recorded: History
}

/** Chances for each call to Kafka. */
const FAULTS = {
  'drop-request': 0.01,
  'drop-response': 0.01,
  delay: 0.05,
  disconnect: 0.004,
  fence: 0.004,
  'move-coordinator': 0.004,
} as const

/** The chance that the answer to a heartbeat of a streams group is lost. */
const LOST_HEARTBEATS = 0.01

/** The chance that the answer to a produce request is lost, so that its batch is sent again. */
const LOST_PRODUCE_ANSWERS = 0.02

/** How long a run may take to come to rest when nothing troubles it any more, in virtual milliseconds. */
const REST_MS = 400_000
const TICK_MS = 50
/** Offsets that are committed before say nothing of the results, which come with the commits that follow. */
const AHEAD_MS = 3000
/** How long the threads that a process was told to have may take to run, at rest. */
const THREADS_MS = 60_000

/**
 * Carries a case out: the same case gives the same result.
 * @param broken what the processes have in place of their client, to see what the oracles find
 */
export async function runCase(
  plan: Plan,
  setting: SimulationCase,
  caching: 'as-planned' | 'off',
  broken: (client: MemoryClient) => MemoryClient = client => client,
): Promise<CaseResult> {
  const { seed, partitions, guarantee } = setting
  const clock = new ManualClock(SIMULATION_START_MS)
  const cluster = new MemoryCluster({
    clock,
    seed,
    firstProducerEpoch: setting.firstProducerEpoch ?? 0,
    markerDelayMs: markerDelays(setting),
    numStandbyReplicas: setting.numStandbyReplicas ?? 0,
  })
  const history: { readonly at: number; readonly line: string }[] = []
  const tell = (line: string) => void history.push({ at: clock.now(), line })
  const violations = new Set<string>()
  const violation = (text: string) => {
    if (!violations.has(text)) tell(`VIOLATED: ${text}`)
    violations.add(text)
  }

  for (const name of externalTopics(plan)) {
    cluster.createTopic({ name, partitions, configs: setting.topicConfigs?.[name] ?? {} })
  }
  cluster.createTopic({ name: DEAD_LETTER_TOPIC, partitions: 1 })
  const honest = memoryClient(cluster)({ clientId: 'honest', clock, logger: silentLogger })
  const callListeners = new Map<string, () => void>()
  const { transactions, rebalance = 'cooperative', hearsAfterMs = 0, groupProtocol = 'classic' } = setting
  const heartbeats = seededRandom(seed * 19 + 3)
  let troubled = setting.calm !== true
  const answers = seededRandom(seed * 23 + 7)
  const client = memoryClient(cluster, {
    transactions,
    rebalance,
    hearsAfterMs,
    losesHeartbeat: () => troubled && heartbeats() < LOST_HEARTBEATS,
    losesProduceAnswer: () => troubled && answers() < LOST_PRODUCE_ANSWERS,
  })
  const faulty = withFaults(context => broken(client(context)), {
    seed: seed + 1,
    clock,
    cluster,
    ...(setting.faults === 'drawn' ? { probabilities: FAULTS } : { schedule: setting.faults }),
    // Some last longer than a session.
    maxDisconnectMs: 8000,
    onCall: clientId => callListeners.get(clientId)?.(),
  })

  const watch = new RecordWatch()
  const transactionWatch = new TransactionWatch(violation)
  const once = guarantee === 'at_most_once' && setting.watched ? new OnceWatch(cluster, violation) : undefined
  const recorder = new HistoryRecorder(cluster)
  cluster.transactions.onEnd = (id, committed, { producerId }) => {
    transactionWatch.ends(id, committed)
    recorder.ends(id, committed, producerId)
  }
  const sees = (member: string, at: TopicPartitionOffset) => {
    transactionWatch.sees(member, at)
    once?.sees(member, at)
  }
  const world = {
    clock,
    plan: (member: string, of: Clock) =>
      setting.watched ? watchedPlan(plan, watch, of, at => sees(member, at)) : plan,
    ...(setting.watched && { transactions: transactionWatch }),
    ...(once && { once }),
    setting,
    caching,
    connect: setting.configsHidden === true ? withoutConfigs(faulty) : faulty,
    history: tell,
    violation,
  }
  const { threads = 1 } = setting
  const machines = Array.from({ length: setting.processes }, (_, index): SimulatedMachine => {
    const disk = new SimulatedDisk({ clock, seed: seed * 31 + index, asyncReads: setting.asyncReads })
    const name = `p${index}`
    return threads === 1
      ? new SimulatedProcess(name, world, disk)
      : new ThreadedProcess(name, world, disk, seed * 47 + index)
  })
  const threaded = machines.filter(machine => machine instanceof ThreadedProcess)
  const allMembers = () => machines.flatMap(({ members }) => members)
  tell(
    `${guarantee}, ${transactions}, ${groupProtocol}, ${rebalance}, ${partitions} partitions, ${machines.length} processes with ${threads} threads`,
  )

  const tooLong = (record: SimulatedRecord) => {
    if (!takesTooLong(setting, record)) return 'never'
    return isLeftOut(setting, record) ? 'always' : 'once'
  }
  const send = await inputSender(plan, honest, cluster, watch, tooLong)
  const records = [...setting.records].sort((a, b) => a.atMs - b.atMs)
  const takeUntil = (atMs: number) => records.splice(0, records.findLastIndex(record => record.atMs <= atMs) + 1)
  await send(takeUntil(-1))
  for (const one of machines) one.start()

  const offsets = new OffsetWatch(cluster, watch)
  const queries = guarantee === 'exactly_once' ? new QueryOracle(plan) : undefined
  const live = guarantee === 'exactly_once' ? new LiveOracle(plan, clock, honest) : undefined
  let faultsSeen = 0
  const observe = () => {
    recorder.look()
    const members = allMembers()
    queries?.ask(members)
    live?.look(members)
    for (const text of tasksRunTwice(cluster, members)) violation(text)
    if (setting.watched && once === undefined) for (const text of offsets.check()) violation(text)
    for (; faultsSeen < faulty.log.length; faultsSeen++) {
      const { clientId, kind } = faulty.log[faultsSeen]!
      if (kind !== 'delay') once?.fails(clientId.slice(APPLICATION_ID.length + 1))
    }
  }
  let kills = 0
  const kill = (machine: SimulatedMachine, trouble: Extract<Trouble, { kind: 'kill' }>) => {
    for (const { name } of machine.members) callListeners.delete(`${APPLICATION_ID}-${name}`)
    if (!machine.alive) return
    kills++
    tell(`${machine.name} is killed, its disk is ${trouble.disk}`)
    machine.kill(trouble.disk)
  }
  const crashThread = (machine: SimulatedMachine, { name }: SimulatedMember) => {
    callListeners.delete(`${APPLICATION_ID}-${name}`)
    if (machine instanceof ThreadedProcess) machine.crashThread(name)
  }
  /** The call is on its way; some turns of the event loop later it may have been carried out or not. */
  const afterCalls = (count: number, one: SimulatedMember | undefined, then: () => void) => {
    if (count === 0 || one === undefined) return then()
    let calls = count
    callListeners.set(`${APPLICATION_ID}-${one.name}`, () => {
      if (--calls === 0) void turns(count % 4).then(then)
    })
  }
  const stopBrokers = ({ stoppingMs, downMs, markers }: Extract<Trouble, { kind: 'broker-stop' }>) => {
    if (cluster.leaderless) return
    tell(`the brokers stop, markers of this time: ${markers}`)
    cluster.loseLeaders(typeof markers === 'number' ? someAreLost(markers) : markers)
    void clock.sleep(stoppingMs).then(async () => {
      tell(`no broker answers for ${downMs} ms`)
      for (const one of machines) one.disconnect(downMs)
      await clock.sleep(downMs)
      tell('the brokers are back')
      cluster.electLeaders()
    })
  }
  const starts: { readonly at: number; readonly one: SimulatedMachine }[] = []
  const befall = (trouble: Trouble) => {
    if (trouble.kind === 'evict') {
      const members = cluster.describeGroup(APPLICATION_ID)?.memberIds ?? []
      const memberId = members[trouble.member % Math.max(1, members.length)]
      if (memberId === undefined) return
      // The group gives a member up that goes on working, as after a long pause: what it then commits must not count.
      tell(`the group gives ${memberId} up`)
      once?.allFail()
      return cluster.evictMember(APPLICATION_ID, memberId)
    }
    if (trouble.kind === 'clock-jump') {
      tell(`the clock jumps by ${trouble.byMs} ms`)
      once?.allFail()
      return clock.jump(trouble.byMs)
    }
    if (trouble.kind === 'grow') {
      const count = cluster.partitionCount(trouble.topic)! + 1
      tell(`${trouble.topic} grows to ${count} partitions`)
      return cluster.createPartitions(trouble.topic, count)
    }
    if (trouble.kind === 'broker-stop') return stopBrokers(trouble)
    const machine = machines[trouble.process]
    if (machine?.alive !== true) return
    if (trouble.kind === 'thread-crash') {
      const thread = machine.members[trouble.thread % Math.max(1, machine.members.length)]
      return thread && afterCalls(trouble.afterCalls, thread, () => crashThread(machine, thread))
    }
    if (trouble.kind === 'thread-crash-at-claim') {
      if (machine instanceof ThreadedProcess) machine.crashAtClaim()
      return
    }
    if (trouble.kind === 'thread-add' || trouble.kind === 'thread-remove') {
      if (!(machine instanceof ThreadedProcess)) return
      return trouble.kind === 'thread-add' ? machine.addThread() : machine.removeThread(trouble.timeoutMs)
    }
    if (trouble.kind === 'stand-still') {
      tell(`${machine.name} stands still for ${trouble.forMs} ms`)
      return machine.standStill(trouble.forMs)
    }
    if (trouble.kind === 'wall-clock-step') {
      const { byMs } = trouble
      tell(`the clock of ${machine.name} is set ${byMs < 0 ? 'back' : 'forward'} by ${Math.abs(byMs)} ms`)
      return machine.stepWallClock(byMs)
    }
    starts.push({ at: clock.now() + trouble.downMs, one: machine })
    if (trouble.kind === 'stop') {
      tell(`${machine.name} is told to stop`)
      return machine.stop()
    }
    afterCalls(trouble.afterCalls, machine.members[0], () => kill(machine, trouble))
  }

  const began = clock.now()
  const troubles = [...setting.troubles].sort((a, b) => a.atMs - b.atMs)
  for (let next = 0; clock.now() - began < TROUBLE_MS;) {
    const at = clock.now() - began
    await send(takeUntil(at))
    while (next < troubles.length && troubles[next]!.atMs <= at) befall(troubles[next++]!)
    for (const start of [...starts]) {
      if (start.at > clock.now()) continue
      starts.splice(starts.indexOf(start), 1)
      // A kill that waits for a call may not have come yet.
      if (start.one.alive) continue
      tell(`${start.one.name} starts`)
      start.one.start()
    }
    observe()
    const wait = next < troubles.length ? troubles[next]!.atMs - (clock.now() - began) : TICK_MS
    await clock.advance(Math.max(1, Math.min(TICK_MS, wait)))
  }
  await send(takeUntil(Infinity))
  tell('no further trouble')
  faulty.stop()
  troubled = false
  callListeners.clear()

  const real = topicNaming(plan, APPLICATION_ID)
  const sources = plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(real))
  const restEnds = clock.now() + REST_MS
  const quietMs = Math.max(setting.quietMs ?? 0, once === undefined ? 0 : AHEAD_MS)
  let atRest = false
  let quietSince: number | undefined
  while (clock.now() < restEnds && !atRest) {
    // One that was told to stop may have ended only now.
    for (const one of machines) one.start()
    for (const one of threaded) one.ensureThread()
    await clock.advance(1000)
    observe()
    // A process that stops while the brokers are away cannot complete transactions without markers: its next start does.
    if (once?.idle !== false && !cluster.leaderless && (await allCommitted(honest, cluster, sources)))
      quietSince ??= clock.now()
    else quietSince = undefined
    atRest = quietSince !== undefined && clock.now() - quietSince >= quietMs
  }
  // A process that stands still tells its readers nothing, however long the others have been at rest.
  while (live !== undefined && atRest && allMembers().some(({ standsStill }) => standsStill)) await clock.advance(1000)
  // Each reader finds the process that has its partition, which may move for some seconds after the last start.
  for (let looks = 0; live !== undefined && atRest && looks < 2 * allMembers().length + 44; looks++) {
    observe()
    await clock.advance(200)
  }
  if (!atRest) violation(`after ${REST_MS / 1000} s without trouble the input was not processed to its end`)
  for (let waited = 0; waited < THREADS_MS && threaded.some(one => one.wrongThreads !== undefined); waited += 1000) {
    for (const one of threaded) one.start()
    await clock.advance(1000)
    observe()
  }
  for (const { wrongThreads } of threaded) if (wrongThreads !== undefined) violation(wrongThreads)
  for (const one of machines) one.stop()
  await clock.advance(30_000)
  observe()
  for (const one of machines) if (one.alive) violation(`${one.name} did not stop within 30 s`)
  once?.ends()
  for (const one of machines) one.kill('kept')

  const latest = Math.max(clock.now(), ...setting.records.map(({ timestamp = 0 }) => timestamp))
  const recorded = recorder.history(guarantee, setting.watched ? watch : undefined)
  const states = machines.map(({ name, disk }) => ({
    name,
    tasks: disk.tasks,
    look: (task: string) => disk.look(task),
  }))
  const stores = { plan, applicationId: APPLICATION_ID, records: recorded.records, states, latestTimestamp: latest }
  for (const anomaly of await checkStores(stores)) violation(anomalyText(anomaly))
  for (const text of once?.violations(sources, recorded.records) ?? []) violation(text)
  for (const text of (await queries?.violations(honest)) ?? []) violation(text)
  for (const text of (await live?.violations(atRest)) ?? []) violation(text)
  const outputs = new Map<string, readonly CommittedRecord[]>()
  for (const topic of [...sinkTopics(plan), DEAD_LETTER_TOPIC]) outputs.set(topic, await readCommitted(honest, topic))
  await honest.close()

  for (const { at, clientId, kind, operation, call, ms } of faulty.log) {
    history.push({ at, line: `${clientId}: ${kind} at ${operation} ${call}${ms > 0 ? ` for ${ms} ms` : ''}` })
  }
  const lines = history
    .sort((a, b) => a.at - b.at)
    .map(({ at, line }) => `${String(at - SIMULATION_START_MS).padStart(7)} ms  ${line}`)
  return { violations: [...violations], history: lines, faults: faulty.log, kills, outputs, recorded }
}

/** Each marker takes a time of its own. */
function markerDelays({ seed, markerDelayMs = 0 }: SimulationCase): () => number {
  const random = seededRandom(seed * 17 + 11)
  return () => (markerDelayMs === 0 ? 0 : Math.floor(random() * markerDelayMs))
}

/** Offsets always: where they are stable, nobody looks at the partitions before the next transaction. */
function someAreLost(seed: number): MarkerFate {
  const random = seededRandom(seed)
  return target => 'groupId' in target || random() < 0.5
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve()
}
