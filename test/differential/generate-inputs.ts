import type { Choice } from './choice.ts'
import type { RunInput } from './java-peer.ts'
import type { TopologySpec } from './spec.ts'

/**
 * Draws records for every topic that a topology reads: few keys, so that they meet; times in order, tied, out of order and
 * too late for a window, negative now and then; nulls on either side; headers now and then; wall-clock advances and commits in
 * between.
 */
export function generateInputs(
  choice: Choice,
  topology: TopologySpec,
  { startMs, commits, late }: InputOptions,
): readonly RunInput[] {
  const topics = topicsOf(topology)
  if (topics.length === 0) return []
  const policies = new Set(topicsOf(topology.filter(step => 'badTimestamp' in step)))
  // Kafka Streams fails on what has no valid time in a global topic: see `uncompared.ts`.
  const globals = new Set(topicsOf(topology.filter(({ op }) => op === 'globalTable' || op === 'addGlobalStore')))
  let now = startMs
  return Array.from({ length: 5 + choice.below(30) }, (): RunInput => {
    if (commits === 'asked' && choice.chance(15)) return { commit: true }
    if (choice.chance(5)) return { advanceWallClockMs: 1 + choice.below(100) }
    if (choice.chance(70)) now += choice.below(12)
    const topic = choice.of(topics)
    const drawn = choice.chance(policies.has(topic) ? 12 : 0) || choice.below(2_000) === 0
    const negative = drawn && !globals.has(topic)
    return {
      topic,
      key: choice.chance(8) ? null : base64(choice.of(KEYS)),
      value: choice.chance(10) ? null : base64(words(choice)),
      timestamp: negative ? -1 - choice.below(3) : choice.chance(late) ? now - choice.below(40) : now,
      ...(choice.chance(15) ? { headers: headers(choice) } : {}),
    }
  })
}

interface InputOptions {
  readonly startMs: number
  readonly commits: 'each' | 'asked'
  /** Of a hundred records, how many are out of order. */
  readonly late: number
}

/** The topics that a topology reads. */
export function topicsOf(topology: TopologySpec): readonly string[] {
  return topology.flatMap(step =>
    step.op === 'stream' ? step.topics : 'topic' in step && step.op !== 'to' ? [step.topic] : [],
  )
}

const KEYS = ['a', 'b', 'c', 'xyz', 'm', '', 'é']
const WORDS = ['a', 'b', 'aa', 'xx', 'mmm', 'z', 'ab', 'x', 'ü']

function words(choice: Choice): string {
  return Array.from({ length: choice.below(4) }, () => choice.of(WORDS)).join(' ')
}

function headers(choice: Choice): readonly (readonly [string, string | null])[] {
  return Array.from({ length: 1 + choice.below(2) }, () => [
    choice.of(['h', 'trace']),
    choice.chance(20) ? null : base64(choice.of(WORDS)),
  ])
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
