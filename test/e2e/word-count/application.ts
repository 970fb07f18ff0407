import { setTimeout } from 'node:timers/promises'
import type { ProcessingGuarantee } from 'millrace'
import { clientUnderTest } from '../client-under-test.ts'
import { type WorkerGroup, workerGroup } from '../../processes/worker-group.ts'
import type { Worker } from '../../processes/worker.ts'
import { eventually, type TopicIo, topicIo } from '../../topic-io.ts'
import { countsByWord, mistakes } from './count-check.ts'
import type { ThreadsSettings, WordCountSettings } from './settings.ts'

export interface WordCountOptions {
  readonly brokers: string
  /** What the processes connect to, such as a proxy. @default brokers */
  readonly through?: string
  readonly guarantee: ProcessingGuarantee
  /** Names the application and its topics. */
  readonly name: string
  /** @default 'classic' */
  readonly groupProtocol?: 'classic' | 'streams'
  /** Of each topic. @default 4 */
  readonly partitions?: number
  /** When the state of a task may move. @default those of `KafkaStreams` */
  readonly moving?: Pick<WordCountSettings, 'acceptableRecoveryLag' | 'probingRebalanceIntervalMs'>
}

/** The word count as an application of several processes, with its topics, seen from outside. */
export interface WordCountApplication extends AsyncDisposable {
  /** The application's id. */
  readonly name: string
  readonly io: TopicIo
  readonly group: WorkerGroup
  /** Starts a process; the same `state` means the same state directory. */
  start(name: string, state?: string, protocol?: 'classic' | 'streams', options?: Partial<WordCountSettings>): Worker
  /** Starts a process with threads. */
  startThreads(
    name: string,
    options: Pick<ThreadsSettings, 'threads' | 'crash'> & Partial<WordCountSettings> & { readonly state: string },
  ): Worker
  /** Produces lines, in parts with a pause before each so that there is always something under way. */
  feed(lines: readonly string[], pace?: { readonly parts: number; readonly everyMs: number }): Promise<void>
  /** Lines that are committed. */
  committed(): Promise<number>
  /** Waits until every line so far and all that follows from it has been committed. */
  drained(withinMs: number): Promise<void>
  /** What the lines topic holds: not always what was fed, where a producer of the test is itself in trouble. */
  countsOfInput(): Promise<ReadonlyMap<string, number>>
  /** How often words are in records that were produced for counting, and that readers of committed records do not get; by partition. */
  hiddenWords(): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>>
  /** How often each word is missing in the counts. */
  missing(exact: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>>
  /** What is wrong with the results so far. */
  mistakes(exact: ReadonlyMap<string, number>, guarantee?: ProcessingGuarantee): Promise<readonly string[]>
}

const WORKER = new URL('worker-process.ts', import.meta.url)
const THREADS = new URL('threads-process.ts', import.meta.url)

export async function wordCountApplication(options: WordCountOptions): Promise<WordCountApplication> {
  const {
    brokers,
    through = brokers,
    guarantee,
    name,
    groupProtocol = 'classic',
    partitions = 4,
    moving = {},
  } = options
  const group = await workerGroup()
  const io = topicIo(clientUnderTest(brokers))
  const topics = { lines: `${name}-lines`, counts: `${name}-counts` }
  await io.createTopic(topics.lines, partitions)
  await io.createTopic(topics.counts, partitions)
  let fed = 0

  const committed = async () => (await io.committed(name, topics.lines)).reduce((sum, offset) => sum + offset, 0)
  const settingsOf = (state: string, protocol: 'classic' | 'streams'): WordCountSettings => ({
    ...topics,
    ...moving,
    brokers: through,
    groupProtocol: protocol,
    applicationId: name,
    stateDir: group.stateDir(state),
    processingGuarantee: guarantee,
    commitIntervalMs: 100,
    sessionTimeoutMs: 6_000,
    // What a killed process has left open keeps its tasks waiting for so long.
    ...(protocol === 'streams' && { transactionTimeoutMs: 10_000 }),
  })
  return {
    name,
    io,
    group,
    start: (worker, state = worker, protocol = groupProtocol, options = {}) =>
      group.start(worker, WORKER, { ...settingsOf(state, protocol), ...options }),
    startThreads: (worker, { state, ...threads }) =>
      group.start(worker, THREADS, { ...settingsOf(state, groupProtocol), ...threads }),
    async feed(lines, { parts, everyMs } = { parts: 1, everyMs: 0 }) {
      const size = Math.ceil(lines.length / parts)
      for (let from = 0; from < lines.length; from += size) {
        await setTimeout(everyMs)
        const part = lines.slice(from, from + size)
        await io.produce(
          topics.lines,
          part.map(value => ({ partition: fed++ % partitions, key: null, value, timestamp: Date.now() })),
        )
      }
    },
    committed,
    async drained(withinMs) {
      const written = (await io.ends(topics.lines)).reduce((sum, offset) => sum + offset, 0)
      await eventually('the whole input', withinMs, committed, count => count === written)
      const rest = () => io.unprocessed(name, `${name}-counts-repartition`)
      await eventually('the repartitioned words', withinMs, rest, count => count === 0)
    },
    async countsOfInput() {
      const counts = new Map<string, number>()
      for (const { value } of await io.readAll(topics.lines)) {
        for (const word of String(value).split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
      }
      return counts
    },
    async hiddenWords() {
      const topic = `${name}-counts-repartition`
      const seen = new Set((await io.readAll(topic)).map(({ partition, offset }) => `${partition}/${offset}`))
      const hidden = new Map<string, Map<string, number>>()
      for (const { partition, offset, key } of await io.readAll(topic, { isolationLevel: 'read_uncommitted' })) {
        if (seen.has(`${partition}/${offset}`)) continue
        const words = hidden.get(`${topic}-${partition}`) ?? new Map<string, number>()
        hidden.set(`${topic}-${partition}`, words)
        words.set(String(key), (words.get(String(key)) ?? 0) + 1)
      }
      return hidden
    },
    async missing(exact) {
      const counts = countsByWord(await io.readAll(topics.counts))
      const short = [...exact].map(([word, count]) => [word, count - (counts.get(word)?.at(-1) ?? 0)] as const)
      return new Map(short.filter(([, count]) => count > 0))
    },
    async mistakes(exact, as = guarantee) {
      return mistakes(as, exact, countsByWord(await io.readAll(topics.counts)))
    },
    async [Symbol.asyncDispose]() {
      await group[Symbol.asyncDispose]()
      await io[Symbol.asyncDispose]()
    },
  }
}

/** Of what a worker tells: it has all its tasks. */
export function isRunning(message: { readonly type: string; readonly state?: unknown }): boolean {
  return message.type === 'state' && message.state === 'RUNNING'
}
