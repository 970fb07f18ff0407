import { internalTopics, type Plan, type Serde } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import type { Arrival, Scenario } from './scenario.ts'

/** One line of a picture. Times are in milliseconds. */
export type ScenarioEvent =
  | { readonly kind: 'in' | 'out'; readonly topic: string; readonly record: SeenRecord; readonly streamTime: number }
  | { readonly kind: 'dropped'; readonly reason: string }
  | { readonly kind: 'printed'; readonly line: string }
  | { readonly kind: 'wallClock'; readonly now: number }

export interface SeenRecord {
  readonly key: unknown
  readonly value: unknown
  readonly timestamp: number
}

/** What comes in and what goes out, in the order in which it does, of a real run with one partition. */
export async function runScenario(scenario: Scenario): Promise<ScenarioEvent[]> {
  const { plan, input, printed = [], options } = scenario
  const events: ScenarioEvent[] = []
  await using driver = await TopologyTestDriver.create(plan, { initialWallClockMs: 0, ...options })
  const outputs = outputTopics(scenario).map(([topic, serdes]) => driver.createOutputTopic(topic, serdes))
  const drops = () => driver.metrics().filter(({ name }) => name === 'dropped-records')
  const streamTime = () => Math.max(-1, ...driver.tasks().map(task => task.streamTime))

  for (const step of input) {
    const before = drops()
    printed.length = 0
    if ('wallClockSeconds' in step) {
      await driver.advanceWallClock(step.wallClockSeconds * 1000)
      events.push({ kind: 'wallClock', now: driver.wallClockMs })
    } else {
      const record = { key: step[2], value: step[3], timestamp: step[0] * 1000 }
      const topic = driver.createInputTopic(step[1], inputSerdes(plan, step))
      await topic.pipeRecords([record])
      events.push({ kind: 'in', topic: step[1], record, streamTime: streamTime() })
    }
    for (const line of printed) events.push({ kind: 'printed', line })
    for (const output of outputs) {
      for (const record of output.readRecordsToList()) {
        events.push({ kind: 'out', topic: output.topic, record, streamTime: streamTime() })
      }
    }
    for (const { tags, value } of drops()) {
      const same = before.find(each => each.tags['node'] === tags['node'] && each.tags['reason'] === tags['reason'])
      for (let left = value - (same?.value ?? 0); left > 0; left--) {
        events.push({ kind: 'dropped', reason: tags['reason']! })
      }
    }
  }
  return events
}

interface Serdes {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
}

function inputSerdes(plan: Plan, [, topic]: Arrival): Serdes {
  for (const node of plan.nodes) {
    if (node.kind === 'source' && node.topics.includes(topic)) return { key: node.keySerde, value: node.valueSerde }
  }
  throw new Error(`The scenario's topology does not read "${topic}".`)
}

/** What the topology writes for others: not the topics through which it talks to itself. */
function outputTopics({ plan, chosenTopics = [] }: Scenario): (readonly [topic: string, serdes: Serdes])[] {
  const internal = internalTopics(plan)
  return plan.nodes.flatMap(node => {
    if (node.kind !== 'sink') return []
    const topics = typeof node.topic === 'string' ? [node.topic] : chosenTopics
    const serdes = { key: node.keySerde, value: node.valueSerde }
    return topics.filter(topic => !internal.includes(topic)).map(topic => [topic, serdes] as const)
  })
}
