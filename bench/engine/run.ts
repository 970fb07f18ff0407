/**
 * The engine by itself: the whole runtime on the in-memory cluster, one thread, no network. What is measured is from the
 * first record polled to the last offset committed.
 *
 *   npm run bench -- --engine [--records 3000000] [--keys 100000] [--only count] [--profile] [--json FILE]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type KafkaClient, NO_HEADERS, seededRandom, systemClock } from '@millrace/core'
import { Instance, resolveOptions, silentLogger } from '@millrace/runtime'
import { rocksdb } from '@millrace/store-rocksdb'
import { type ProfiledFunction, topFunctions } from './profile.ts'
import { type Workload, WORKLOADS } from './workloads.ts'

export interface EngineOptions {
  readonly records: number
  readonly keys: number
  readonly only: string | undefined
  readonly profile: boolean
}

export interface EngineResult {
  readonly workload: string
  readonly records: number
  readonly recordsPerSecond: number
  readonly goal: number
  readonly cpuMicrosecondsPerRecord: number
  readonly top: readonly ProfiledFunction[]
}

const PARTITIONS = 4

export async function runEngineBench(options: EngineOptions): Promise<readonly EngineResult[]> {
  const results: EngineResult[] = []
  for (const workload of WORKLOADS) {
    if (options.only !== undefined && options.only !== workload.name) continue
    // The first run compiles; the second is the one that counts.
    await runOnce(workload, { ...options, records: Math.min(options.records, 500_000), profile: false })
    results.push(await runOnce(workload, options))
  }
  return results
}

async function runOnce(workload: Workload, options: EngineOptions): Promise<EngineResult> {
  const cluster = new MemoryCluster({ clock: systemClock, checksums: true })
  const factory = memoryClient(cluster)
  const client = factory({ clientId: 'bench', clock: systemClock, logger: silentLogger })
  await load(client, options)

  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const instance = new Instance(
    workload.plan('in', 'out'),
    resolveOptions({ applicationId: 'bench', client: factory, store: rocksdb(), stateDir, logger: silentLogger }),
  )
  await instance.begin(new AbortController().signal)
  while (!instance.ready) await instance.step(10)

  const session = options.profile ? await startProfile() : undefined
  const cpu = process.cpuUsage()
  const began = performance.now()
  const processed = () => instance.tasks.reduce((sum, task) => sum + task.processed, 0)
  while (processed() < options.records) {
    await instance.step(10)
    await new Promise(resolve => setImmediate(resolve))
  }
  await instance.commit()
  const seconds = (performance.now() - began) / 1000
  const used = process.cpuUsage(cpu)
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
    top,
  }
}

/** Records like those that `bench/java` loads: about 100 bytes, keys evenly spread. */
async function load(client: KafkaClient, options: EngineOptions): Promise<void> {
  await client.admin().createTopics([
    { name: 'in', partitions: PARTITIONS },
    { name: 'out', partitions: PARTITIONS },
  ])
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
  return topFunctions(profile, records, 10)
}

export function printEngineResults(results: readonly EngineResult[]): boolean {
  for (const { workload, recordsPerSecond, goal, cpuMicrosecondsPerRecord, top } of results) {
    const verdict = recordsPerSecond >= goal ? 'reached' : 'MISSED'
    const rate = recordsPerSecond.toLocaleString('en-US')
    console.log(
      `${workload}: ${rate} records/s, ${cpuMicrosecondsPerRecord.toFixed(2)} µs of CPU each; goal ${goal.toLocaleString('en-US')} ${verdict}`,
    )
    for (const { name, nanosecondsPerRecord, share } of top) {
      console.log(
        `    ${nanosecondsPerRecord.toFixed(0).padStart(5)} ns  ${(share * 100).toFixed(1).padStart(5)} %  ${name}`,
      )
    }
  }
  return results.every(({ recordsPerSecond, goal }) => recordsPerSecond >= goal)
}
