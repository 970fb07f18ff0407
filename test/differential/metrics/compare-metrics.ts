import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { bytes, type Plan, systemClock } from '@millrace/core'
import {
  KafkaStreams,
  METRIC_LEVELS,
  METRIC_TABLE,
  type MetricReading,
  metricsOf,
  levelOf,
  type SensorName,
  silentLogger,
} from '@millrace/runtime'
import { rocksdb } from '@millrace/store-rocksdb'
import { TopologyTestDriver } from '@millrace/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { interpret } from '../interpreter.ts'
import type { JavaMetric, JavaPeer } from '../java-peer.ts'
import { KNOWN_DIFFERENCES, type KnownDifference } from './known-metric-differences.ts'
import { INPUTS, TOPOLOGY } from './metrics-topology.ts'

/** A metric of one side. */
interface Registered {
  readonly group: string
  readonly name: string
  /** As far as both sides must have the same: for thread, task and client only that there is one. */
  readonly tags: string
  readonly level: string
  /** Undefined where it is a text. */
  readonly value: number | undefined
}

export interface ComparedMetric {
  readonly group: string
  readonly name: string
  readonly tags: string
  readonly java: Registered | undefined
  readonly millrace: Registered | undefined
  /** What is not the same: `java` or `millrace` alone has it, the `level` differs, or the `value`. */
  readonly differences: readonly KnownDifference['in'][]
  /** The reasons of the differences that are known. */
  readonly reasons: readonly string[]
  readonly unexplained: readonly KnownDifference['in'][]
}

export interface MetricComparison {
  readonly metrics: readonly ComparedMetric[]
  /** Known differences that were not seen. */
  readonly stale: readonly KnownDifference[]
}

/** Compares the metrics that both register for `TOPOLOGY`, with names, tags, recording levels, and values that both count. */
export async function compareMetrics(java: JavaPeer): Promise<MetricComparison> {
  const theirs = await java.metrics(TOPOLOGY, INPUTS, { stores: 'persistent', caching: true })
  const ours = await millraceMetrics(interpret(TOPOLOGY, { optimization: [] }))
  const theirMetrics = byIdentity(
    [...theirs.client, ...theirs.tasks.filter(({ group }) => group !== THREADS)].map(ofJava),
  )
  const ourMetrics = byIdentity(ours)
  const seen = new Set<KnownDifference>()
  const metrics = [...new Set([...theirMetrics.keys(), ...ourMetrics.keys()])].toSorted().map(identity => {
    const [their, our] = [theirMetrics.get(identity), ourMetrics.get(identity)]
    const differences = differencesOf(their, our)
    const { group, name, tags } = (their ?? our)!
    const known = differences.map(kind =>
      KNOWN_DIFFERENCES.find(
        known =>
          known.in === kind && known.group === group && known.names.test(name) && known.tags?.test(tags) !== false,
      ),
    )
    for (const each of known) if (each !== undefined) seen.add(each)
    return {
      ...{ group, name, tags, java: their, millrace: our, differences },
      reasons: known.flatMap(each => each?.reason ?? []),
      unexplained: differences.filter((_, index) => known[index] === undefined),
    }
  })
  return { metrics, stale: KNOWN_DIFFERENCES.filter(known => !seen.has(known)) }
}

const THREADS = METRIC_LEVELS.thread.group

function differencesOf(their: Registered | undefined, our: Registered | undefined): readonly KnownDifference['in'][] {
  if (our === undefined) return ['java']
  if (their === undefined) return ['millrace']
  const values = isCounted(our) && their.value !== our.value
  return [...(their.level === our.level ? [] : (['level'] as const)), ...(values ? (['value'] as const) : [])]
}

/** Whether the value depends on the records alone. That of stores does not: Kafka Streams' test driver measures them by the system's clock. */
function isCounted({ group, name }: Registered): boolean {
  if (group === METRIC_LEVELS.node.group && name.startsWith('record-e2e-latency')) return true
  return (
    group !== THREADS &&
    /-(consumed|produced|emit)-total$|^(process|dropped-records)-total$|^record-lateness-max$/.test(name)
  )
}

/** What both have several times, of several tasks, is added up. */
function byIdentity(metrics: readonly Registered[]): ReadonlyMap<string, Registered> {
  const all = new Map<string, Registered>()
  for (const metric of metrics) {
    const identity = `${metric.group} ${metric.name} ${metric.tags}`
    const before = all.get(identity)?.value
    const both = metric.name.endsWith('-max') ? Math.max : (one: number, other: number) => one + other
    const value = before === undefined || metric.value === undefined ? metric.value : both(before, metric.value)
    all.set(identity, { ...metric, value })
  }
  return all
}

function ofJava({ group, name, tags, level, value }: JavaMetric): Registered {
  return { group, name, tags: shownTags(tags), level, value: typeof value === 'number' ? value : undefined }
}

/** Names of clients, threads and tasks are not the same: the test driver of Kafka Streams has all in one task. */
function shownTags(tags: Readonly<Record<string, string>>): string {
  const free = new Set(['client-id', 'process-id', 'thread-id', 'task-id'])
  return Object.entries(tags)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([tag, text]) => (free.has(tag) ? tag : `${tag}=${text}`))
    .join(' ')
}

/** Tasks in the test driver, as in Kafka Streams, and an application that runs on nothing for client and threads. */
async function millraceMetrics(plan: Plan): Promise<readonly Registered[]> {
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-metrics-'))
  try {
    const tasks = await ofTasks(plan, stateDir)
    return [...(await ofClient(plan)), ...tasks.filter(({ group }) => group !== THREADS)].map(ofMillrace)
  } finally {
    await rm(stateDir, { recursive: true, force: true })
  }
}

async function ofTasks(plan: Plan, stateDir: string): Promise<readonly MetricReading[]> {
  await using driver = await TopologyTestDriver.create(plan, {
    applicationId: 'app',
    initialWallClockMs: 0,
    metricsRecordingLevel: 'TRACE',
    partitions: { words: 1, names: 1 },
    state: { store: rocksdb(), stateDir },
  })
  const topics = new Map(
    ['words', 'names'].map(topic => [topic, driver.createInputTopic(topic, { key: bytes(), value: bytes() })]),
  )
  for (const input of INPUTS) {
    if (!('topic' in input)) continue
    const { key, value, timestamp, headers = [] } = input
    const shown = headers.map(([name, text]) => ({ key: name, value: fromBase64(text) }))
    await topics.get(input.topic)!.pipeInput(fromBase64(key), fromBase64(value), { timestamp, headers: shown })
  }
  return driver.metrics()
}

async function ofClient(plan: Plan): Promise<readonly MetricReading[]> {
  const cluster = new MemoryCluster({ clock: systemClock })
  for (const topic of ['words', 'names', 'counted', 'joined']) cluster.createTopic({ name: topic, partitions: 1 })
  const streams = new KafkaStreams(plan, {
    applicationId: 'app',
    client: memoryClient(cluster),
    logger: silentLogger,
    metricsRecordingLevel: 'TRACE',
  })
  await streams.start()
  try {
    return streams.metrics().filter(({ group }) => group === METRIC_LEVELS.client.group || group === THREADS)
  } finally {
    await streams.close()
  }
}

function ofMillrace({ group, name, tags, value, text }: MetricReading): Registered {
  const sensor = (Object.keys(METRIC_TABLE) as SensorName[]).find(
    candidate =>
      METRIC_LEVELS[levelOf(candidate)].group === group && metricsOf(candidate).some(([metric]) => metric === name),
  )!
  const level = METRIC_TABLE[sensor].recording
  return { group, name, tags: shownTags(tags), level, value: text === undefined ? value : undefined }
}

function fromBase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}
