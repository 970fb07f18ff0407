/** A throughput workload of `bench/workloads/`, on the Kafka in memory: for profiles, and for CPU time while other programs run. */
import { mkdtemp, rm } from 'node:fs/promises'
import type { Session } from 'node:inspector/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { StreamsBuilder, systemClock } from '@millrace/core'
import { Instance, resolveOptions, silentLogger } from '@millrace/runtime'
import { rocksdb } from '@millrace/store-rocksdb'
import { writeInput } from '../compare/inputs.ts'
import { settingsOf } from '../compare/run-options.ts'
import type { ThroughputWorkload } from '../compare/workload.ts'

const OUT_PARTITIONS = 4
/** The application is through when nothing was processed for so long. */
const SETTLED_MS = 2_500

export interface WorkloadRun {
  readonly workload: ThroughputWorkload
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

/** Processes the whole input, the topics in between too. */
export async function runWorkload({ workload, scale, startProfile }: WorkloadRun): Promise<WorkloadUse> {
  const cluster = new MemoryCluster({ clock: systemClock, checksums: true })
  const factory = memoryClient(cluster)
  const client = factory({ clientId: 'bench', clock: systemClock, logger: silentLogger })
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  try {
    let records = 0
    const inputs: Record<string, string> = {}
    for (const [name, input] of Object.entries(workload.inputs)) {
      const count = Math.max(1_000, Math.round(input.records * scale))
      await writeInput(client, name, input, count)
      inputs[name] = name
      records += count
    }
    await client.admin().createTopics([{ name: 'out', partitions: OUT_PARTITIONS }])
    const builder = new StreamsBuilder()
    workload.topology.millrace(builder, { in: inputs, out: 'out' })
    const { guarantee, commitIntervalMs, cacheBytes } = settingsOf(workload)
    const instance = new Instance(
      builder.build(),
      resolveOptions({
        applicationId: 'bench',
        client: factory,
        store: rocksdb(),
        stateDir,
        logger: silentLogger,
        processingGuarantee: guarantee,
        commitIntervalMs,
        stateBufferBytes: cacheBytes,
      }),
    )
    await instance.begin(new AbortController().signal)
    while (!instance.ready) await instance.step(10)
    const session = await startProfile()
    const used = await drain(instance)
    await instance.end({ clean: true, leave: true })
    return { records, session, ...used }
  } finally {
    await client.close()
    await rm(stateDir, { recursive: true, force: true })
  }
}

async function drain(instance: Instance): Promise<Omit<WorkloadUse, 'records' | 'session'>> {
  const now = () => ({
    at: performance.now(),
    processed: instance.tasks.reduce((sum, task) => sum + task.processed, 0),
    all: process.cpuUsage(),
    thread: process.threadCpuUsage(),
  })
  const began = now()
  let last = began
  while (performance.now() - last.at < SETTLED_MS) {
    await instance.step(10)
    await new Promise(resolve => setImmediate(resolve))
    const next = now()
    // What a commit writes to the store counts, what a wait for records costs does not.
    if (next.processed > last.processed || instance.tasks.some(task => task.needsCommit)) last = next
  }
  const micros = (from: NodeJS.CpuUsage, to: NodeJS.CpuUsage) => to.user + to.system - from.user - from.system
  return {
    seconds: (last.at - began.at) / 1000,
    cpuMicros: micros(began.all, last.all),
    threadMicros: micros(began.thread, last.thread),
  }
}
