/**
 * Millrace beside Kafka Streams: the same jobs, the same topics, the same broker, one after the other, one thread each. The
 * rate is read from committed offsets, between 10 % and 100 % of the input, so that neither start-up counts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { kafkajs } from '@millrace/client-kafkajs'
import { type Admin, type CommittedOffset, isMillraceError, systemClock, type TopicPartition } from '@millrace/core'
import { startKafka } from '@millrace/dev-kafka'
import { type ProcessingGuarantee, silentLogger } from '@millrace/runtime'
import { buildMavenProject } from '../../scripts/maven-project.ts'
import { WORKLOADS } from '../engine/workloads.ts'

export interface SideBySideOptions {
  readonly records: number
  readonly keys: number
  readonly only: string | undefined
  readonly guarantee: ProcessingGuarantee
}

export interface SideBySideResult {
  readonly workload: string
  readonly guarantee: ProcessingGuarantee
  readonly records: number
  /** Records a second. */
  readonly kafkaStreams: number
  readonly millrace: number
  /** Millrace to Kafka Streams. */
  readonly ratio: number
}

const PARTITIONS = 4
const INPUT = 'in'
const PATIENCE_MS = 300_000

export async function runSideBySide(options: SideBySideOptions): Promise<readonly SideBySideResult[]> {
  const classPath = await buildMavenProject(fileURLToPath(new URL('../java/', import.meta.url)), 'millrace-bench')
  await using kafka = await startKafka({ tuning: 'throughput', log: line => console.error(line) })
  const client = kafkajs({ brokers: kafka.brokers })({ clientId: 'bench', clock: systemClock, logger: silentLogger })
  const admin = client.admin()
  const java = (...args: readonly string[]) =>
    spawn('java', ['-Xmx2g', '-cp', classPath, 'millrace.bench.Main', ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
  const millrace = (...args: readonly string[]) =>
    spawn(
      process.execPath,
      ['--conditions=millrace-source', fileURLToPath(new URL('worker.ts', import.meta.url)), ...args],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    )
  try {
    await admin.createTopics([{ name: INPUT, partitions: PARTITIONS }])
    const { records, keys, guarantee } = options
    await succeeded(java('load', kafka.brokers, INPUT, String(PARTITIONS), String(records), String(keys)))
    const results: SideBySideResult[] = []
    for (const { name } of WORKLOADS) {
      if (options.only !== undefined && options.only !== name) continue
      const rates: number[] = []
      for (const [contender, start] of [
        ['java', java],
        ['millrace', millrace],
      ] as const) {
        const application = `${name}-${contender}`
        const output = `${application}-out`
        await admin.createTopics([{ name: output, partitions: PARTITIONS }])
        const args = [kafka.brokers, name, application, INPUT, output, guarantee]
        const worker = contender === 'java' ? start('run', ...args) : start(...args)
        try {
          rates.push(await steadyRate(admin, application, records, worker))
        } finally {
          await end(worker)
        }
      }
      const [kafkaStreams, own] = rates as [number, number]
      results.push({ workload: name, guarantee, records, kafkaStreams, millrace: own, ratio: own / kafkaStreams })
    }
    return results
  } finally {
    await client.close()
  }
}

async function steadyRate(admin: Admin, group: string, records: number, worker: ChildProcess): Promise<number> {
  const partitions: TopicPartition[] = Array.from({ length: PARTITIONS }, (_, partition) => ({
    topic: INPUT,
    partition,
  }))
  const deadline = performance.now() + PATIENCE_MS
  let first: { readonly at: number; readonly offset: number } | undefined
  while (performance.now() < deadline) {
    if (worker.exitCode !== null) throw new Error(`${group} ended by itself with status ${worker.exitCode}`)
    const committed = await committedSoFar(admin, group, partitions)
    const offset = committed.reduce((sum, entry) => sum + entry.offset, 0)
    if (offset >= records / 10 && offset < records) first ??= { at: performance.now(), offset }
    if (offset >= records) {
      if (first === undefined) throw new Error(`${group} was through before it could be measured: give more --records`)
      return Math.round(((records - first.offset) / (performance.now() - first.at)) * 1000)
    }
    await systemClock.sleep(25)
  }
  throw new Error(`${group} was not through after ${PATIENCE_MS / 1000} s`)
}

/** A coordinator that has just been made does not answer yet. */
async function committedSoFar(
  admin: Admin,
  group: string,
  partitions: readonly TopicPartition[],
): Promise<readonly CommittedOffset[]> {
  try {
    return await admin.committedOffsets(group, partitions)
  } catch (error) {
    if (isMillraceError(error, 'retriable')) return []
    throw error
  }
}

async function succeeded(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`loading the input failed with status ${code}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await exited
  clearTimeout(kill)
}

export function printSideBySide(results: readonly SideBySideResult[]): void {
  for (const { workload, guarantee, kafkaStreams, millrace, ratio } of results) {
    const rate = (value: number) => `${value.toLocaleString('en-US')} records/s`
    console.log(
      `${workload} (${guarantee}): Millrace ${rate(millrace)}, Kafka Streams ${rate(kafkaStreams)}, ratio ${ratio.toFixed(2)}`,
    )
  }
}
