import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type KafkaClient, ManualClock, NO_HEADERS, partitionForKey, seededRandom, topicNaming } from '@millrace/core'
import { type ProcessingGuarantee, silentLogger } from '@millrace/runtime'
import { survivingStore, withFaults } from '@millrace/testing'
import { type InputRecord, type Scenario, SCENARIOS } from './scenarios.ts'
import { SimulatedProcess } from './simulated-process.ts'

export interface SimulationResult {
  readonly seed: number
  readonly scenario: string
  readonly guarantee: ProcessingGuarantee
  /** Empty when all held. */
  readonly violations: readonly string[]
  /** What happened, in order, with virtual times. */
  readonly history: readonly string[]
  readonly kills: number
  readonly faults: number
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

/** Virtual milliseconds of trouble, and how long the run may then take to come to rest. */
const TROUBLE_MS = 60_000
const REST_MS = 400_000
const TICK_MS = 50

/** One run, decided by its seed alone: topology, input, faults, kills, and when each happens. */
export async function simulate(seed: number): Promise<SimulationResult> {
  const random = seededRandom(seed)
  const draw = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  const scenario = SCENARIOS[draw(0, SCENARIOS.length - 1)]!
  const guarantee = random() < 0.7 ? 'exactly_once' : 'at_least_once'
  const transactions = random() < 0.5 ? 'group-metadata' : 'producer-per-task'
  const clock = new ManualClock(1_800_000_000_000)
  const cluster = new MemoryCluster({ clock, seed })
  const history: string[] = []
  const tell = (line: string) => void history.push(`${String(clock.now() - 1_800_000_000_000).padStart(7)} ms  ${line}`)

  const violations: string[] = []
  const violation = (text: string) => void violations.push(text)

  const plan = scenario.plan()
  const partitions = draw(1, 4)
  for (const name of [...scenario.topics, scenario.output]) cluster.createTopic({ name, partitions })
  const honest = memoryClient(cluster)({ clientId: 'honest', clock, logger: silentLogger })
  const faulty = withFaults(memoryClient(cluster, { transactions }), {
    seed: seed + 1,
    clock,
    cluster,
    probabilities: FAULTS,
    maxDisconnectMs: 8000,
  })
  const world = { clock, cluster, plan, guarantee, connect: faulty, history: tell, violation } as const
  const processes = Array.from(
    { length: draw(1, 3) },
    (_, index) => new SimulatedProcess(`p${index}`, world, survivingStore()),
  )
  tell(`${scenario.name}, ${guarantee}, ${transactions}, ${partitions} partitions, ${processes.length} processes`)

  const input = scenario.input(random, draw(20, 200))
  const producer = honest.producer({})
  await producer.init()
  const produce = async (records: readonly InputRecord[]) => {
    for (const { topic, key, value, timestamp } of records) {
      const keyBytes = Buffer.from(key)
      const valueBytes = topic === 'prices' ? int32(Number(value)) : Buffer.from(value)
      producer
        .topic(topic)
        .append(
          partitionForKey(keyBytes, 0, keyBytes.length, partitions),
          timestamp,
          keyBytes,
          0,
          keyBytes.length,
          valueBytes,
          0,
          valueBytes.length,
          NO_HEADERS,
        )
    }
    await producer.flush()
  }
  // A table is there before the stream that is joined with it, so that the result does not depend on who is faster.
  const upFront = input.filter(({ topic }) => scenario.topics.length > 1 && topic === scenario.topics[0])
  const streamed = input.filter(record => !upFront.includes(record))
  await produce(upFront)

  let kills = 0
  let sent = 0
  for (const one of processes) one.start()
  const troubleEnds = clock.now() + TROUBLE_MS
  while (clock.now() < troubleEnds) {
    if (random() < 0.15 && sent < streamed.length) {
      const next = streamed.slice(sent, sent + draw(1, 20))
      sent += next.length
      await produce(next)
    }
    const proc = processes[draw(0, processes.length - 1)]!
    if (!proc.alive) {
      if (random() < 0.05) {
        tell(`${proc.name} starts`)
        proc.start()
      }
    } else if (random() < 0.004) {
      const loseDisk = random() < 0.3
      tell(`${proc.name} is killed${loseDisk ? ' and its disk is lost' : ''}`)
      proc.kill(loseDisk ? survivingStore() : undefined)
      kills++
    } else if (random() < 0.002) {
      tell(`${proc.name} is told to stop`)
      proc.stop()
    }
    // The group gives a member up that goes on working, as after a long pause: what it then commits must not count.
    const members = cluster.describeGroup('app')?.memberIds ?? []
    if (members.length > 0 && random() < 0.01) {
      const memberId = members[draw(0, members.length - 1)]!
      tell(`the group gives ${memberId} up`)
      cluster.evictMember('app', memberId)
    }
    await clock.advance(TICK_MS)
  }
  await produce(streamed.slice(sent))
  tell('no further trouble')
  faulty.stop()
  for (const one of processes) if (!one.alive) one.start()

  const real = topicNaming(plan, 'app')
  const sources = plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(real))
  const restEnds = clock.now() + REST_MS
  while (clock.now() < restEnds && !(await allCommitted(honest, cluster, sources))) await clock.advance(1000)
  if (!(await allCommitted(honest, cluster, sources))) {
    violations.push(`after ${REST_MS / 1000} s without trouble the input was not processed to its end`)
  }
  for (const one of processes) one.stop()
  await clock.advance(30_000)
  for (const one of processes) one.kill()

  for (const event of faulty.log) {
    history.push(
      `${String(event.at - 1_800_000_000_000).padStart(7)} ms  ${event.clientId}: ${event.kind} at ${event.operation} ${event.call}${event.ms > 0 ? ` for ${event.ms} ms` : ''}`,
    )
  }
  history.sort()
  violations.push(...(await checkOutput(honest, scenario, guarantee, partitions, scenario.expected(input))))
  await honest.close()
  return { seed, scenario: scenario.name, guarantee, violations, history, kills, faults: faulty.log.length }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** Whether the group has committed the end of every topic that is read, past records that no one may see. */
async function allCommitted(client: KafkaClient, cluster: MemoryCluster, topics: readonly string[]): Promise<boolean> {
  const admin = client.admin()
  const described = await admin.describeTopics(topics)
  if (described.length < new Set(topics).size) return false
  const partitions = described.flatMap(({ name, partitions: count }) =>
    Array.from({ length: count }, (_, partition) => ({ topic: name, partition })),
  )
  const committed = await admin.committedOffsets('app', partitions)
  for (const { topic, partition } of partitions) {
    const offset = committed.find(entry => entry.topic === topic && entry.partition === partition)?.offset ?? 0
    const { records, open } = visibleFrom(cluster, topic, partition, offset)
    if (records > 0 || open) return false
  }
  return true
}

function visibleFrom(
  cluster: MemoryCluster,
  topic: string,
  partition: number,
  offset: number,
): { readonly records: number; readonly open: boolean } {
  const log = cluster.log({ topic, partition })
  let records = 0
  for (const { header, aborted } of log.batches()) {
    const end = header.baseOffset + header.lastOffsetDelta + 1
    if (!header.control && !aborted && end > offset) records += header.count
  }
  return { records, open: log.lastStableOffset < log.highWatermark }
}

/** The oracle: what came out is what had to, exactly or, where records may be repeated, at least. */
async function checkOutput(
  client: KafkaClient,
  scenario: Scenario,
  guarantee: ProcessingGuarantee,
  partitions: number,
  expected: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const violations: string[] = []
  const last = new Map<string, string>()
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign(
    Array.from({ length: partitions }, (_, partition) => ({ topic: scenario.output, partition, offset: 0 })),
  )
  for (let batches = await consumer.poll(0); batches.length > 0; batches = await consumer.poll(0)) {
    for (const batch of batches) {
      const cursor = batch.cursor()
      while (cursor.advance()) {
        const [key, value] = scenario.show(
          cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd),
          cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd),
        )
        const before = last.get(key)
        if (guarantee === 'exactly_once' && scenario.grows && before !== undefined && Number(value) <= Number(before)) {
          violations.push(
            `${key} went from ${before} to ${value} at offset ${cursor.offset} of partition ${batch.partition}`,
          )
        }
        last.set(key, value)
      }
    }
  }
  for (const [key, value] of expected) {
    const found = last.get(key)
    const holds = guarantee === 'exactly_once' ? found === value : found !== undefined && Number(found) >= Number(value)
    if (!holds) violations.push(`${key} is ${found ?? 'missing'} in the end, but ${value} was put in`)
  }
  for (const key of last.keys()) if (!expected.has(key)) violations.push(`${key} came out and was never put in`)
  return violations
}
