import { setTimeout } from 'node:timers/promises'
import { isMillraceError, seededRandom } from '@millrace/core'
import { kafka } from 'millrace'
import { workerGroup, type WorkerGroup } from '../../processes/worker-group.ts'
import type { Worker } from '../../processes/worker.ts'
import { eventually, topicIo, type TopicIo } from '../../topic-io.ts'
import type { History } from '../history.ts'
import { type Slots, workerSlots } from '../slots.ts'
import type { Setting } from './cells.ts'
import { type Mistake, mistakesOf } from './expected.ts'
import { drawRecords } from './inputs.ts'
import { type ApplicationName, INPUTS, type MatrixTopics } from './topologies.ts'
import type { MatrixSettings } from './worker-process.ts'

export const PARTITIONS = 4
export const SESSION_MS = 6_000
const PROCESSES = 2
const RECORDS = 12
const RECORDS_EVERY_MS = 100
const DRAIN_MS = 120_000
const WORKER = new URL('worker-process.ts', import.meta.url)
/** Topics between sub-topologies. */
const BETWEEN = /-(?:repartition|FK-JOIN-SUBSCRIPTION-(?:REGISTRATION|RESPONSE)-\d+-topic)$/

export interface MatrixApplicationOptions {
  readonly application: ApplicationName
  readonly setting: Setting
  /** The application id. */
  readonly name: string
  readonly brokers: string
  /** What its processes connect to. */
  readonly through: string
  /** Where its state goes. */
  readonly directory: string
  readonly seed: number
  readonly history: History
  /** Whether a process may end by itself at the moment. */
  readonly mayEnd: () => boolean
}

/** An application of the matrix with its processes and its input, seen from outside. */
export interface MatrixApplication extends AsyncDisposable {
  readonly application: ApplicationName
  readonly name: string
  readonly topics: MatrixTopics
  readonly io: TopicIo
  readonly group: WorkerGroup
  readonly slots: Slots
  /** Starts the process of a place, on the state that it had. @throws when it does not get its tasks in time */
  start(slot: string, options?: { readonly fresh: boolean }): Promise<void>
  /** Writes input until `endInput`. */
  feed(): void
  endInput(): Promise<void>
  /** Waits until all input and all that follows from it is committed. */
  drained(): Promise<void>
  /** What is wrong with the output. */
  mistakes(): Promise<readonly Mistake[]>
  /** Names of its internal topics. */
  internalTopics(): Promise<readonly string[]>
}

export async function matrixApplication(options: MatrixApplicationOptions): Promise<MatrixApplication> {
  const { application, setting, name, brokers, through, directory, seed, history, mayEnd } = options
  const group = await workerGroup(directory)
  const io = topicIo(kafka({ brokers }))
  const topics = { inputs: INPUTS[application].map(input => `${name}-in-${input}`), output: `${name}-out` }
  for (const topic of [...topics.inputs, topics.output]) await io.createTopic(topic, PARTITIONS)
  const settingsOf = (state: string): MatrixSettings => ({
    application,
    topics,
    brokers: through,
    client: setting.client,
    applicationId: name,
    stateDir: group.stateDir(state),
    processingGuarantee: setting.guarantee,
    groupProtocol: setting.protocol,
    commitIntervalMs: 100,
    sessionTimeoutMs: SESSION_MS,
    // What a process that was killed has left open holds its tasks back for so long.
    transactionTimeoutMs: 10_000,
  })
  const started = new Map<string, Worker>()
  const startWorker = (worker: string, state = worker) => {
    const one = group.start(`${application}-${worker}`, WORKER, settingsOf(state))
    started.set(worker.replace(/\.\d+$/, ''), one)
    return one
  }
  const slots = workerSlots(
    { start: startWorker },
    PROCESSES,
    { say: line => history.say(`${application}: ${line}`) },
    mayEnd,
  )
  const random = seededRandom(seed)
  let over = false
  let feeding: Promise<void> | undefined
  async function feed(): Promise<void> {
    for (let from = 0; !over; from += RECORDS) {
      const records = drawRecords(application, { from, count: RECORDS, partitions: PARTITIONS, random })
      try {
        for (const [input, some] of Map.groupBy(records, record => record.input)) {
          await io.produce(topics.inputs[input]!, some)
        }
      } catch (error) {
        // No broker for a long time. What counts is what the topics hold in the end.
        if (!isMillraceError(error, 'retriable')) throw error
        history.say(`${application}: not all records were written: ${error.code}`)
      }
      await setTimeout(RECORDS_EVERY_MS)
    }
  }
  const internalTopics = async () => (await io.topics()).filter(topic => isInternal(topic, name, topics))
  return {
    application,
    name,
    topics,
    io,
    group,
    slots,
    async start(slot, how = { fresh: false }) {
      slots.start(slot, how)
      const worker = started.get(slot)!
      const running = worker.told(({ type, state }) => type === 'state' && state === 'RUNNING')
      await inTime(running, `${worker.name} is not running`)
    },
    feed() {
      feeding = feed()
      // Awaited by `endInput`; until then a failure must not end this process, which would leave no logs.
      feeding.catch(() => undefined)
    },
    async endInput() {
      over = true
      await feeding
    },
    async drained() {
      for (const topic of topics.inputs) {
        const written = sum(await io.ends(topic))
        const committed = async () => sum(await io.committed(name, topic))
        await eventually(`${topic} to its end`, DRAIN_MS, committed, count => count === written)
      }
      // What is processed of one of them can come to records in another.
      const rest = async () => {
        const between = (await internalTopics()).filter(topic => BETWEEN.test(topic))
        const open = await Promise.all(between.map(topic => io.unprocessed(name, topic)))
        return sum(open)
      }
      await eventually(
        `what ${application} has between its parts`,
        DRAIN_MS,
        async () => (await rest()) + (await rest()),
        open => open === 0,
      )
    },
    async mistakes() {
      const inputs = []
      for (const topic of topics.inputs) inputs.push(await io.readAll(topic))
      const output = await io.readAll(topics.output)
      return mistakesOf(application, { inputs, output, exactly: setting.guarantee === 'exactly_once' })
    },
    internalTopics,
    async [Symbol.asyncDispose]() {
      over = true
      await feeding?.catch(() => undefined)
      await group[Symbol.asyncDispose]()
      await io[Symbol.asyncDispose]()
    },
  }
}

const START_MS = 120_000

async function inTime(promise: Promise<unknown>, what: string): Promise<void> {
  const end = new AbortController()
  const late = setTimeout(START_MS, undefined, { signal: end.signal }).then(
    () => Promise.reject(new Error(`${what} after ${START_MS} ms`)),
    () => undefined,
  )
  try {
    await Promise.race([promise, late])
  } finally {
    end.abort()
  }
}

function isInternal(topic: string, name: string, { inputs, output }: MatrixTopics): boolean {
  return topic.startsWith(`${name}-`) && !inputs.includes(topic) && topic !== output
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
