import { type Plan, readsByPattern, seededRandom } from '@millrace/core'
import {
  type DiskFate,
  type SimulatedInput,
  type SimulatedRecord,
  type SimulationCase,
  type Trouble,
  TROUBLE_MS,
} from './simulation-case.ts'

export interface DrawOptions {
  readonly plan: Plan
  readonly seed: number
  readonly input: readonly SimulatedInput[] | ((random: () => number) => readonly SimulatedInput[])
  readonly guarantee: SimulationCase['guarantee'] | undefined
  readonly partitions: number | undefined
  readonly onBadRecord?: SimulationCase['onBadRecord'] | undefined
  readonly groupProtocol?: SimulationCase['groupProtocol'] | undefined
}

/** A case, decided by its seed alone. */
export function drawCase({
  plan,
  seed,
  input,
  guarantee,
  partitions,
  onBadRecord: given,
  groupProtocol,
}: DrawOptions): SimulationCase {
  const random = seededRandom(seed)
  const draw = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  const processes = draw(1, 3)
  const records = typeof input === 'function' ? input(random) : input
  const watched = random() < 0.75
  const drawn = random() < 0.6 ? 'fail' : random() < 0.5 ? 'continue' : 'dead-letter'
  const onBadRecord = given ?? drawn
  const limited = seed % 4 === 1
  const timed = (record: SimulatedRecord) => (limited ? clearlyTimed(record) : record)
  const chosen = guarantee ?? drawnGuarantee(seed, random)
  const setting: SimulationCase = {
    seed,
    guarantee: chosen,
    transactions: random() < 0.5 ? 'group-metadata' : 'producer-per-task',
    onBadRecord,
    partitions: partitions ?? draw(1, 4),
    processes,
    asyncReads: random() < 0.5,
    watched,
    records: drawRecords(records, random, watched ? onBadRecord : undefined).map(timed),
    troubles: [...drawTroubles(plan, processes, random, draw), ...drawClockSteps(seed, processes)],
    faults: 'drawn',
    firstProducerEpoch: random() < 0.2 ? draw(32_755, 32_766) : 0,
    ...(random() < 0.3 ? { stateBufferBytes: draw(500, 20_000) } : {}),
    ...(seed % 2 === 1 ? { hearsAfterMs: 3000 } : {}),
    ...(limited ? { processingTimeoutMs: PROCESSING_TIMEOUT_MS } : {}),
    // Decided by the seed itself, so that cases of earlier seeds stay what they are in everything else.
    ...STANDBYS[seed % STANDBYS.length],
    rebalance: seed % 4 === 3 && groupProtocol !== 'streams' ? 'eager' : 'cooperative',
    staticMembers: seed % 6 === 5,
    groupProtocol: groupProtocol ?? drawnProtocol(plan, seed),
    ...(seed % 5 < 2 ? { markerDelayMs: MOST_MARKER_DELAY_MS } : {}),
    ...drawnThreads(seed),
  }
  const troubles = [
    ...setting.troubles,
    ...drawBrokerStops(setting),
    ...drawThreadCrashes(setting),
    ...drawThreadChanges(setting),
  ]
  if (chosen !== 'at_most_once') return { ...setting, troubles }
  const observed = { ...setting, troubles, watched: true }
  return seededRandom(seed * 59 + 31)() < 0.5 ? calmed(observed) : observed
}

/** One case in ten is under `at_most_once`. Random numbers of its own, so that cases of earlier seeds stay what they are otherwise. */
function drawnGuarantee(seed: number, random: () => number): SimulationCase['guarantee'] {
  const usual = random() < 0.7 ? 'exactly_once' : 'at_least_once'
  return seededRandom(seed * 53 + 29)() < 0.1 ? 'at_most_once' : usual
}

/** The same with what happens in order alone: then nothing may be lost. */
function calmed(setting: SimulationCase): SimulationCase {
  const inOrder = ['stop', 'grow', 'wall-clock-step', 'thread-add', 'thread-remove']
  return {
    ...setting,
    calm: true,
    faults: [],
    troubles: setting.troubles.filter(({ kind }) => inOrder.includes(kind)),
    // Some take their time, so that others wait behind them when their process stops.
    records: setting.records.map((record, index) => ({
      ...record,
      fails: 0,
      slowMs: record.upFront !== true && index % 4 === 0 ? 500 : 0,
    })),
  }
}

/** A third of those that can; random numbers of its own, so that cases of earlier seeds stay what they are otherwise. */
function drawnProtocol(plan: Plan, seed: number): 'classic' | 'streams' {
  if (seed % 4 === 3 || readsByPattern(plan)) return 'classic'
  return seededRandom(seed * 11 + 7)() < 1 / 3 ? 'streams' : 'classic'
}

/** One case in four has several members in each process. Random numbers of its own, as above. */
function drawnThreads(seed: number): Pick<SimulationCase, 'threads'> {
  const random = seededRandom(seed * 29 + 11)
  return random() < 0.25 ? { threads: random() < 0.7 ? 2 : 3 } : {}
}

function drawThreadCrashes({ seed, threads = 1, processes }: SimulationCase): readonly Trouble[] {
  if (threads === 1) return []
  const random = seededRandom(seed * 37 + 5)
  const draw = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  return Array.from({ length: draw(1, 5) }, () => ({
    kind: 'thread-crash',
    atMs: draw(0, TROUBLE_MS - 1),
    process: draw(0, processes - 1),
    thread: draw(0, threads - 1),
    afterCalls: random() < 0.5 ? 0 : draw(1, 30),
  }))
}

function drawThreadChanges({ seed, threads = 1, processes }: SimulationCase): readonly Trouble[] {
  if (threads === 1) return []
  const random = seededRandom(seed * 43 + 17)
  const draw = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  const changes = Array.from({ length: draw(0, 8) }, (): Trouble => {
    const where = { atMs: draw(0, TROUBLE_MS - 1), process: draw(0, processes - 1) }
    if (random() < 0.5) return { kind: 'thread-add', ...where }
    return { kind: 'thread-remove', ...where, timeoutMs: random() < 0.5 ? Infinity : draw(0, 3000) }
  })
  return [...changes, ...drawHaste(seed, threads, changes)]
}

/** What comes while a change of the threads is still on its way. Random numbers of its own, as above. */
function drawHaste(seed: number, threads: number, changes: readonly Trouble[]): readonly Trouble[] {
  const random = seededRandom(seed * 59 + 31)
  const draw = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  const haste: Trouble[] = []
  for (const change of changes) {
    if (!('process' in change) || random() < 0.4) continue
    const where = { process: change.process, atMs: change.atMs + (random() < 0.5 ? draw(0, 20) : draw(0, 1000)) }
    const kind = random()
    if (kind < 0.3) haste.push({ kind: 'thread-add', ...where })
    else if (kind < 0.6)
      haste.push({ kind: 'thread-remove', ...where, timeoutMs: random() < 0.5 ? Infinity : draw(0, 3000) })
    else if (kind < 0.8) haste.push({ kind: 'thread-crash-at-claim', ...where })
    else
      haste.push({
        kind: 'thread-crash',
        ...where,
        thread: draw(0, threads),
        afterCalls: random() < 0.5 ? 0 : draw(1, 10),
      })
  }
  return haste
}

const MOST_MARKER_DELAY_MS = 150

/**
 * In every second case under exactly-once. Markers are not lost where epochs run out: a producer with another id cannot end what
 * the one before has left.
 */
function drawBrokerStops({ seed, guarantee, firstProducerEpoch = 0 }: SimulationCase): readonly Trouble[] {
  if (seed % 2 !== 0 || guarantee !== 'exactly_once') return []
  const random = seededRandom(seed * 13 + 5)
  const draw = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  return Array.from({ length: draw(1, 4) }, (): Trouble => {
    const chance = random()
    const lost = chance < 0.5 ? 'lost' : draw(1, 1_000_000)
    return {
      kind: 'broker-stop',
      atMs: draw(0, TROUBLE_MS - 1),
      stoppingMs: draw(1, 2000),
      downMs: draw(10, 5000),
      markers: chance > 0.8 || firstProducerEpoch > 0 ? 'late' : lost,
    }
  })
}

/** Copies of each task, and how far behind they may be to take over. */
const STANDBYS: readonly Pick<SimulationCase, 'numStandbyReplicas' | 'acceptableRecoveryLag'>[] = [
  {},
  { numStandbyReplicas: 1 },
  { numStandbyReplicas: 2, acceptableRecoveryLag: 0 },
  { acceptableRecoveryLag: 3 },
  { numStandbyReplicas: 1, acceptableRecoveryLag: 20 },
]

/** Long enough for what happens to a record besides its user function. */
const PROCESSING_TIMEOUT_MS = 1000

/** The record with a user function that takes well less than the limit, or well more: which of them decides what comes out. */
function clearlyTimed(record: SimulatedRecord): SimulatedRecord {
  const { slowMs, upFront } = record
  return {
    ...record,
    slowMs:
      upFront === true || slowMs < 1.5 * PROCESSING_TIMEOUT_MS ? Math.min(slowMs, 0.6 * PROCESSING_TIMEOUT_MS) : 4000,
  }
}

function drawRecords(
  input: readonly SimulatedInput[],
  random: () => number,
  onBadRecord: SimulationCase['onBadRecord'] | undefined,
): readonly SimulatedRecord[] {
  let atMs = 0
  const step = (TROUBLE_MS * 1.5) / Math.max(1, input.length)
  return input.map(record => {
    // In bursts of some ten records, most of them within the time of trouble.
    if (random() < 0.1) atMs = Math.min(TROUBLE_MS - 1, atMs + Math.floor(random() * step * 20))
    const [failing, slow] = [random(), random()]
    const fails = onBadRecord === undefined || failing > 0.02 ? 0 : onBadRecord === 'fail' ? 1 : Infinity
    return {
      ...record,
      atMs: record.upFront === true ? -1 : atMs,
      fails: record.upFront === true ? 0 : fails,
      slowMs: onBadRecord === undefined || slow > 0.02 ? 0 : Math.floor(slow * 50 * 3000),
    }
  })
}

function drawTroubles(
  plan: Plan,
  processes: number,
  random: () => number,
  draw: (least: number, most: number) => number,
): readonly Trouble[] {
  const growing = growingTopics(plan)
  const troubles = Array.from({ length: draw(4, 24) }, (): Trouble => {
    const atMs = draw(0, TROUBLE_MS - 1)
    const one = draw(0, processes - 1)
    const chance = random()
    if (chance < 0.35) {
      const disk = random()
      return {
        kind: 'kill',
        atMs,
        process: one,
        afterCalls: random() < 0.5 ? 0 : draw(1, 30),
        disk: fateOf(disk),
        downMs: draw(10, 8000),
      }
    }
    if (chance < 0.47) return { kind: 'stop', atMs, process: one, downMs: draw(10, 8000) }
    if (chance < 0.57) return { kind: 'stand-still', atMs, process: one, forMs: draw(100, 20_000) }
    if (chance < 0.92) return { kind: 'evict', atMs, member: draw(0, 2) }
    if (chance < 0.97 || growing.length === 0) return { kind: 'clock-jump', atMs, byMs: draw(100, 30_000) }
    return { kind: 'grow', atMs, topic: growing[draw(0, growing.length - 1)]! }
  })
  return troubles.sort((a, b) => a.atMs - b.atMs)
}

/** Two runs in three have none: with random numbers of its own, so that cases of earlier seeds stay what they are otherwise. */
function drawClockSteps(seed: number, processes: number): readonly Trouble[] {
  if (seed % 3 !== 0) return []
  const random = seededRandom(seed * 7 + 3)
  return Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({
    kind: 'wall-clock-step',
    atMs: Math.floor(random() * TROUBLE_MS),
    process: Math.floor(random() * processes),
    byMs: Math.round((random() - 0.5) * 2 * MOST_CLOCK_STEP_MS),
  }))
}

/** Daylight saving time taken for a time zone, and more. */
const MOST_CLOCK_STEP_MS = 2 * 3_600_000

function fateOf(chance: number): DiskFate {
  if (chance < 0.25) return 'lost'
  if (chance < 0.5) return 'torn'
  return chance < 0.55 ? 'corrupt' : 'kept'
}

/** A topic may only grow when no internal topic has as many partitions as it: the runtime refuses it otherwise. */
function growingTopics(plan: Plan): readonly string[] {
  if (plan.stores.length > 0 || plan.repartitionTopics.length > 0 || plan.copartitioned.length > 0) return []
  return [...new Set(plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics))]
}
