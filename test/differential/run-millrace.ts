import { type BuildOptions, bytes, type Plan } from '@millrace/core'
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
  options: Pick<RunOptions, 'caching'> & BuildOptions = {},
): Promise<RunResult> {
  const { caching, ...build } = options
  const topics = topicsOf(topology)
  return runPlan(interpret(topology, build), inputs, { topics, ...(caching === undefined ? {} : { caching }) })
}

/** The same for a plan that was not made from data. */
export async function runPlan(
  plan: Plan,
  inputs: readonly RunInput[],
  options: Pick<RunOptions, 'caching'> & { readonly topics?: readonly string[] } = {},
): Promise<RunResult> {
  await using driver = await TopologyTestDriver.create(plan, {
    applicationId: 'app',
    initialWallClockMs: 0,
    ...(options.caching === true ? {} : { caching: 'off' }),
  })
  // All before the first record: a topic that only a pattern knows of would make the group rebalance in the middle.
  const fed = inputs.flatMap(input => ('topic' in input ? [input.topic] : []))
  for (const topic of new Set([...(options.topics ?? []), ...fed])) driver.createInputTopic(topic, BYTES)
  await driver.settle()
  for (const [at, input] of inputs.entries()) {
    try {
      if ('advanceWallClockMs' in input) await driver.advanceWallClock(input.advanceWallClockMs)
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

async function pipe(
  driver: TopologyTestDriver,
  input: Exclude<RunInput, { advanceWallClockMs: number }>,
): Promise<void> {
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

function fromBase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}
