/** A workload of `bench/workloads/`, on the Kafka in memory: for profiles, and for CPU time while other programs run. */
import { mkdtemp, rm } from 'node:fs/promises'
import type { Session } from 'node:inspector/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type ClientFactory, type KafkaClient, StreamsBuilder, systemClock } from '@millrace/core'
import { Instance, resolveOptions, silentLogger } from '@millrace/runtime'
import { rocksdb } from '@millrace/store-rocksdb'
import { writeInput } from '../compare/inputs.ts'
import { writeChangelog } from '../compare/restore.ts'
import { settingsOf } from '../compare/run-options.ts'
import type { RestoreWorkload, ThroughputWorkload, Topics } from '../compare/workload.ts'

const APPLICATION = 'bench'
const OUT_PARTITIONS = 4
/** The application is through when nothing was processed for so long. */
const SETTLED_MS = 2_500

export interface WorkloadRun<Kind = ThroughputWorkload | RestoreWorkload> {
  readonly workload: Kind
  /** Factor on the number of records. */
  readonly scale: number
  startProfile(): Promise<Session | undefined>
}

export interface WorkloadUse {
  readonly records: number
  readonly seconds: number
  /** Of all threads. */
  readonly cpuMicros: number
  /** Of the thread that processes. */
  readonly threadMicros: number
  readonly session: Session | undefined
}

/** The Kafka in memory, and a directory for state. */
interface Place {
  readonly factory: ClientFactory
  readonly client: KafkaClient
  readonly stateDir: string
}

export async function runWorkload(run: WorkloadRun): Promise<WorkloadUse> {
  const cluster = new MemoryCluster({ clock: systemClock, checksums: true })
  const factory = memoryClient(cluster)
  const client = factory({ clientId: 'bench', clock: systemClock, logger: silentLogger })
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const place = { factory, client, stateDir }
  const { workload } = run
  try {
    return workload.kind === 'restore'
      ? await restoreAll(place, { ...run, workload })
      : await processAll(place, { ...run, workload })
  } finally {
    await client.close()
    await rm(stateDir, { recursive: true, force: true })
  }
}

/** Processes the whole input, the topics in between too. */
async function processAll(
  place: Place,
  { workload, scale, startProfile }: WorkloadRun<ThroughputWorkload>,
): Promise<WorkloadUse> {
  let records = 0
  const inputs: Record<string, string> = {}
  for (const [name, input] of Object.entries(workload.inputs)) {
    const count = Math.max(1_000, Math.round(input.records * scale))
    await writeInput(place.client, name, input, count)
    inputs[name] = name
    records += count
  }
  await place.client.admin().createTopics([{ name: 'out', partitions: OUT_PARTITIONS }])
  const instance = new Instance(...applicationOf(place, workload, { in: inputs, out: 'out' }))
  await instance.begin(new AbortController().signal)
  while (!instance.ready) await instance.step(10)
  const session = await startProfile()
  const used = await drain(instance)
  await instance.end({ clean: true, leave: true })
  return { records, session, ...used }
}

/** Restores an application without local state. Its start is included, for the restore begins in it. */
async function restoreAll(
  place: Place,
  { workload, scale, startProfile }: WorkloadRun<RestoreWorkload>,
): Promise<WorkloadUse> {
  const { partitions, store } = workload
  const records = Math.max(1_000, Math.round(workload.records * scale))
  const changelog = `${APPLICATION}-${store}-changelog`
  await place.client.admin().createTopics([
    { name: 'in', partitions },
    { name: changelog, partitions, configs: { 'cleanup.policy': 'compact' } },
  ])
  await writeChangelog(place.client, changelog, records, partitions)
  let restored = 0
  const instance = new Instance(...applicationOf(place, workload, { in: { in: 'in' }, out: 'out' }), {
    listener: { onRestoreEnd: () => void restored++ },
  })
  const session = await startProfile()
  const began = usage()
  await instance.begin(new AbortController().signal)
  while (restored < partitions || !instance.ready) await instance.step(10)
  const used = usedBetween(began, usage())
  await instance.end({ clean: true, leave: true })
  return { records, session, ...used }
}

function applicationOf({ factory, stateDir }: Place, workload: ThroughputWorkload | RestoreWorkload, topics: Topics) {
  const builder = new StreamsBuilder()
  workload.topology.millrace(builder, topics)
  const { guarantee, commitIntervalMs, cacheBytes } = settingsOf(workload)
  const options = resolveOptions({
    applicationId: APPLICATION,
    client: factory,
    store: rocksdb(),
    stateDir,
    logger: silentLogger,
    processingGuarantee: guarantee,
    commitIntervalMs,
    stateBufferBytes: cacheBytes,
  })
  return [builder.build(), options] as const
}

async function drain(instance: Instance): Promise<Usage> {
  const now = () => ({ ...usage(), processed: instance.tasks.reduce((sum, task) => sum + task.processed, 0) })
  const began = now()
  let last = began
  while (performance.now() - last.at < SETTLED_MS) {
    await instance.step(10)
    await new Promise(resolve => setImmediate(resolve))
    const next = now()
    // What a commit writes to the store counts, what a wait for records costs does not.
    if (next.processed > last.processed || instance.tasks.some(task => task.needsCommit)) last = next
  }
  return usedBetween(began, last)
}

interface Reading {
  readonly at: number
  readonly all: NodeJS.CpuUsage
  readonly thread: NodeJS.CpuUsage
}

type Usage = Pick<WorkloadUse, 'seconds' | 'cpuMicros' | 'threadMicros'>

function usage(): Reading {
  return { at: performance.now(), all: process.cpuUsage(), thread: process.threadCpuUsage() }
}

function usedBetween(from: Reading, to: Reading): Usage {
  const micros = (before: NodeJS.CpuUsage, after: NodeJS.CpuUsage) =>
    after.user + after.system - before.user - before.system
  return {
    seconds: (to.at - from.at) / 1000,
    cpuMicros: micros(from.all, to.all),
    threadMicros: micros(from.thread, to.thread),
  }
}
