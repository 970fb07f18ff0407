/**
 * The engine by itself: the whole runtime on the in-memory cluster, one thread, no network. What is measured is from the
 * first record polled to the last offset committed.
 *
 *   npm run bench -- --engine [--records 3000000] [--keys 100000] [--only count] [--profile] [--json FILE]
 *   npm run bench -- --engine --only join-foreign-key [--scale 0.5] [--profile]     one of `bench/workloads/`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type KafkaClient, NO_HEADERS, seededRandom, systemClock } from '@millrace/core'
import { Instance, resolveOptions, silentLogger } from '@millrace/runtime'
import { rocksdb } from '@millrace/store-rocksdb'
import { findWorkloads, pickWorkloads } from '../compare/find-workloads.ts'
import { type ProfiledFunction, topFunctions } from './profile.ts'
import { runWorkload } from './workload-run.ts'
import { type Workload, WORKLOADS } from './workloads.ts'

/** A shorter run comes first, which compiles. */
const WARM_UP_SHARE = 5
const NO_PROFILE = async () => undefined

export interface EngineOptions {
  readonly records: number
  readonly keys: number
  /** A job of the engine, or workloads of the comparison, separated by commas. */
  readonly only: string | undefined
  /** Of workloads of the comparison. */
  readonly scale: number
  readonly profile: boolean
}

export interface EngineResult {
  readonly workload: string
  readonly records: number
  readonly recordsPerSecond: number
  /** Undefined for workloads of the comparison. */
  readonly goal: number | undefined
  /** Of all threads. */
  readonly cpuMicrosecondsPerRecord: number
  /** Of the thread that processes. */
  readonly threadMicrosecondsPerRecord: number
  readonly top: readonly ProfiledFunction[]
}

const PARTITIONS = 4
/** A commit by the clock would come after fewer records when the machine is slower, and its work is for each key: the same job would cost more. */
const RECORDS_PER_COMMIT = 500_000

export async function runEngineBench(options: EngineOptions): Promise<readonly EngineResult[]> {
  const results: EngineResult[] = []
  if (options.only !== undefined && WORKLOADS.every(({ name }) => name !== options.only)) {
    return await runCompared(options.only, options)
  }
  for (const workload of WORKLOADS) {
    if (options.only !== undefined && options.only !== workload.name) continue
    // The first run compiles; the second is the one that counts.
    await runOnce(workload, { ...options, records: Math.min(options.records, 500_000), profile: false })
    results.push(await runOnce(workload, options))
  }
  return results
}

/** Workloads that are compared with Kafka Streams. */
async function runCompared(only: string, { scale, profile }: EngineOptions): Promise<readonly EngineResult[]> {
  const results: EngineResult[] = []
  for (const workload of pickWorkloads(await findWorkloads(), only)) {
    if (workload.kind !== 'throughput' && workload.kind !== 'restore') {
      throw new Error(`"${workload.id}" is no workload of throughput or of a restore`)
    }
    await runWorkload({ workload, scale: scale / WARM_UP_SHARE, startProfile: NO_PROFILE })
    const run = await runWorkload({ workload, scale, startProfile: profile ? startProfile : NO_PROFILE })
    const { records, seconds, cpuMicros, threadMicros, session } = run
    results.push({
      workload: workload.id,
      records,
      recordsPerSecond: Math.round(records / seconds),
      goal: undefined,
      cpuMicrosecondsPerRecord: cpuMicros / records,
      threadMicrosecondsPerRecord: threadMicros / records,
      top: session === undefined ? [] : await stopProfile(session, records),
    })
  }
  return results
}

async function runOnce(workload: Workload, options: EngineOptions): Promise<EngineResult> {
  const cluster = new MemoryCluster({ clock: systemClock, checksums: true })
  const factory = memoryClient(cluster)
  const client = factory({ clientId: 'bench', clock: systemClock, logger: silentLogger })
  await client.admin().createTopics([
    { name: 'in', partitions: PARTITIONS },
    { name: 'out', partitions: PARTITIONS },
  ])

  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const instance = new Instance(
    workload.plan('in', 'out'),
    resolveOptions({
      applicationId: 'bench',
      client: factory,
      store: rocksdb(),
      stateDir,
      logger: silentLogger,
      commitIntervalMs: 3_600_000,
    }),
  )
  await instance.begin(new AbortController().signal)
  while (!instance.ready) await instance.step(10)
  // Only now: what an instance processes while it starts would not be measured.
  await load(client, options)

  const session = options.profile ? await startProfile() : undefined
  const cpu = process.cpuUsage()
  const thread = process.threadCpuUsage()
  const began = performance.now()
  const processed = () => instance.tasks.reduce((sum, task) => sum + task.processed, 0)
  for (let committed = 0; processed() < options.records;) {
    await instance.step(10)
    if (processed() - committed >= RECORDS_PER_COMMIT) {
      await instance.commit()
      committed = processed()
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  await instance.commit()
  const seconds = (performance.now() - began) / 1000
  const used = process.cpuUsage(cpu)
  const usedByThread = process.threadCpuUsage(thread)
  const top = session === undefined ? [] : await stopProfile(session, options.records)
  await instance.end({ clean: true, leave: true })
  await client.close()
  await rm(stateDir, { recursive: true, force: true })
  return {
    workload: workload.name,
    records: options.records,
    recordsPerSecond: Math.round(options.records / seconds),
    goal: workload.goal,
    cpuMicrosecondsPerRecord: (used.user + used.system) / options.records,
    threadMicrosecondsPerRecord: (usedByThread.user + usedByThread.system) / options.records,
    top,
  }
}

/** Records like those that `bench/java` loads: about 100 bytes, keys evenly spread. */
async function load(client: KafkaClient, options: EngineOptions): Promise<void> {
  const random = seededRandom(42)
  const draw = (n: number) => Math.floor(random() * n)
  const producer = client.producer({})
  await producer.init()
  const topic = producer.topic('in')
  const firstTimestamp = 1_700_000_000_000
  for (let i = 0; i < options.records; i++) {
    const user = `user-${draw(options.keys)}`
    const value = `{"user":"${user}","page":"page-${draw(1000)}","ms":${draw(5000)},"ref":"campaign-${draw(50)}"}`
    const record = Buffer.from(user + value)
    topic.append(
      i % PARTITIONS,
      firstTimestamp + i,
      record,
      0,
      user.length,
      record,
      user.length,
      record.length,
      NO_HEADERS,
    )
    if (i % 10_000 === 0) await producer.flush()
  }
  await producer.flush()
  await producer.close()
}

async function startProfile(): Promise<Session> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 200 })
  await session.post('Profiler.start')
  return session
}

async function stopProfile(session: Session, records: number): Promise<readonly ProfiledFunction[]> {
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  return topFunctions(profile, records, 14)
}

export function printEngineResults(results: readonly EngineResult[]): boolean {
  for (const result of results) {
    const { workload, recordsPerSecond, goal, cpuMicrosecondsPerRecord, threadMicrosecondsPerRecord, top } = result
    const rate = recordsPerSecond.toLocaleString('en-US')
    const cpu = `${cpuMicrosecondsPerRecord.toFixed(2)} µs of CPU each (${threadMicrosecondsPerRecord.toFixed(2)} of the main thread)`
    const verdict =
      goal === undefined
        ? ''
        : `; goal ${goal.toLocaleString('en-US')} ${recordsPerSecond >= goal ? 'reached' : 'MISSED'}`
    console.log(`${workload}: ${rate} records/s, ${cpu}${verdict}`)
    for (const { name, nanosecondsPerRecord, share } of top) {
      console.log(
        `    ${nanosecondsPerRecord.toFixed(0).padStart(5)} ns  ${(share * 100).toFixed(1).padStart(5)} %  ${name}`,
      )
    }
  }
  return results.every(({ recordsPerSecond, goal = 0 }) => recordsPerSecond >= goal)
}
