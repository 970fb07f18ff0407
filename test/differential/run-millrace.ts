import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BuildOptions, bytes, type Plan } from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import { TopologyTestDriver } from '@millrace/testing'
import { topicsOf } from './generate-inputs.ts'
import { interpret } from './interpreter.ts'
import type { RunInput, RunOptions, RunOutput, RunResult } from './java-peer.ts'
import { storesOf, toBase64 } from './millrace-stores.ts'
import type { TopologySpec } from './spec.ts'

const BYTES = { key: bytes(), value: bytes() }

/** What `JavaPeer.run` does, with Millrace: the same inputs, options and results. */
export function runMillrace(
  topology: TopologySpec,
  inputs: readonly RunInput[],
  options: MillraceOptions & BuildOptions = {},
): Promise<RunResult> {
  const { optimization = [], repartitionAfterProcess = false, ...run } = options
  const plan = interpret(topology, { optimization, repartitionAfterProcess })
  return runPlan(plan, inputs, { ...run, topics: topicsOf(topology) })
}

interface MillraceOptions extends Pick<RunOptions, 'caching' | 'commits' | 'emitIntervalMs'> {
  /** Stores are on disk, in RocksDB. @default false: in memory */
  readonly rocksdb?: boolean
}

/** The same for a plan that was not made from data. */
export async function runPlan(
  plan: Plan,
  inputs: readonly RunInput[],
  options: MillraceOptions & { readonly topics?: readonly string[] } = {},
): Promise<RunResult> {
  const { caching = false, commits = 'each', emitIntervalMs = 0 } = options
  await using disk = options.rocksdb === true ? await temporaryDisk() : undefined
  await using driver = await TopologyTestDriver.create(plan, {
    applicationId: 'app',
    initialWallClockMs: 0,
    emitIntervalMs,
    ...(caching ? {} : { caching: 'off' }),
    ...(commits === 'each' ? {} : { commitEachRecord: false, commitIntervalMs: NEVER_MS }),
    ...(disk === undefined ? {} : { state: disk }),
  })
  // All before the first record: a topic that only a pattern knows of would make the group rebalance in the middle.
  const fed = inputs.flatMap(input => ('topic' in input ? [input.topic] : []))
  for (const topic of new Set([...(options.topics ?? []), ...fed])) driver.createInputTopic(topic, BYTES)
  await driver.settle()
  for (const [at, input] of [...inputs, { commit: true } as const].entries()) {
    try {
      if ('commit' in input) await (commits === 'each' ? undefined : driver.commit())
      else if ('advanceWallClockMs' in input) await driver.advanceWallClock(input.advanceWallClockMs)
      else await pipe(driver, input)
    } catch (error) {
      throw new MillraceFailed(at, error)
    }
  }
  const produced = driver.producedTopicNames().map(topic => [topic, outputsOf(driver, topic)] as const)
  const outputs = Object.fromEntries(produced)
  return { outputs, stores: await storesOf(driver, plan, inputs, outputs) }
}

/** Of the inputs, the number of that which a topology fails on, and with what. */
export class MillraceFailed extends Error {
  readonly at: number

  constructor(at: number, cause: unknown) {
    super((cause as Error).message, { cause })
    this.at = at
  }
}

async function pipe(driver: TopologyTestDriver, input: Extract<RunInput, { topic: string }>): Promise<void> {
  const headers = (input.headers ?? []).map(([key, value]) => ({ key, value: fromBase64(value) }))
  const topic = driver.createInputTopic(input.topic, BYTES)
  await topic.pipeInput(fromBase64(input.key), fromBase64(input.value), { timestamp: input.timestamp, headers })
}

function outputsOf(driver: TopologyTestDriver, topic: string): readonly RunOutput[] {
  const records = driver.createOutputTopic(topic, BYTES).readRecordsToList()
  return records.map(({ key, value, timestamp, headers }) => ({
    key: toBase64(key),
    value: toBase64(value),
    timestamp,
    headers: headers.map(header => [header.key, toBase64(header.value)]),
  }))
}

/** Longer than the wall clock of any case moves. */
const NEVER_MS = 1_000_000_000

/** A directory that is gone afterwards. */
async function temporaryDisk() {
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-differential-'))
  return {
    store: rocksdb(),
    stateDir,
    [Symbol.asyncDispose]: () => rm(stateDir, { recursive: true, force: true }),
  }
}

function fromBase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}
