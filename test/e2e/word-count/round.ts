import { setTimeout } from 'node:timers/promises'
import { kafkajs, type ProcessingGuarantee } from 'millrace'
import { workerGroup } from '../../processes/worker-group.ts'
import { eventually, type TopicIo, topicIo, type WrittenRecord } from '../../topic-io.ts'
import { countsByWord, mistakes } from './count-check.ts'
import type { WordCountSettings } from './settings.ts'
import { zipfText } from './text.ts'

export interface RoundOptions {
  readonly brokers: string
  readonly guarantee: ProcessingGuarantee
  readonly seed: number
  readonly words: number
}

export interface RoundResult {
  /** Lines of the input, and how many of them were committed when the worker was killed. */
  readonly lines: number
  readonly committedAtKill: number
  /** Empty when the round has succeeded. */
  readonly mistakes: readonly string[]
  readonly milliseconds: number
  /** Of all workers, for whoever has to find out. */
  log(): string
}

const PARTITIONS = 4
/** The text comes in so many parts, so that there is always something between poll and commit when the worker is killed. */
const PARTS = 60
const PART_EVERY_MS = 30
const LIMIT_MS = 90_000
const STOP_MS = 20_000
const WORKER = new URL('worker-process.ts', import.meta.url)

/**
 * Counts the words of a text with two worker processes, of which one is killed with SIGKILL when half of the input is
 * committed, and replaced by a third with an empty state directory.
 */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const began = Date.now()
  const { brokers, guarantee, seed } = options
  const name = `word-count-${guarantee.replaceAll('_', '-')}-${seed}-${began.toString(36)}`
  const text = zipfText(options.words, seed)
  await using io = topicIo(kafkajs({ brokers }))
  await using group = await workerGroup()
  const topics = { lines: `${name}-lines`, counts: `${name}-counts` }
  await io.createTopic(topics.lines, PARTITIONS)
  await io.createTopic(topics.counts, PARTITIONS)
  const start = (worker: string) => {
    const settings: WordCountSettings = {
      ...topics,
      brokers,
      applicationId: name,
      stateDir: group.stateDir(worker),
      processingGuarantee: guarantee,
      commitIntervalMs: 100,
      sessionTimeoutMs: 6_000,
    }
    return group.start(worker, WORKER, settings)
  }

  const [first, second] = [start('first'), start('second')]
  await Promise.all([first, second].map(worker => worker.told(isRunning)))
  const fed = feed(io, topics.lines, text.lines)
  const committed = async () => (await io.committed(name, topics.lines)).reduce((sum, offset) => sum + offset, 0)
  const half = text.lines.length / 2
  const committedAtKill = await eventually('half of the input', LIMIT_MS, committed, count => count >= half)
  first.signal('SIGKILL')
  start('third')
  await fed
  await eventually('the whole input', LIMIT_MS, committed, count => count === text.lines.length)
  const rest = () => io.unprocessed(name, `${name}-counts-repartition`)
  await eventually('the repartitioned words', LIMIT_MS, rest, count => count === 0)
  for (const worker of group.workers.slice(1)) {
    const { code, inTime } = await worker.stop(STOP_MS)
    if (!inTime || code !== 0) throw new Error(`${worker.name} ended with ${code}, in time: ${inTime}\n${worker.log()}`)
  }
  const seen = countsByWord(await io.readAll(topics.counts))
  return {
    lines: text.lines.length,
    committedAtKill,
    mistakes: mistakes(guarantee, text.counts, seen),
    milliseconds: Date.now() - began,
    log: () => group.log(),
  }
}

async function feed(io: TopicIo, topic: string, lines: readonly string[]): Promise<void> {
  const size = Math.ceil(lines.length / PARTS)
  const records = lines.map((value, index): WrittenRecord => {
    return { partition: index % PARTITIONS, key: null, value, timestamp: Date.now() }
  })
  for (let from = 0; from < records.length; from += size) {
    await io.produce(topic, records.slice(from, from + size))
    await setTimeout(PART_EVERY_MS)
  }
}

function isRunning(message: { readonly type: string; readonly state?: unknown }): boolean {
  return message.type === 'state' && message.state === 'RUNNING'
}
