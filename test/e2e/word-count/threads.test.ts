import { existsSync } from 'node:fs'
import { sharedKafka } from '@millrace/dev-kafka'
import { expect, it } from 'vitest'
import type { Worker, WorkerMessage } from '../../processes/worker.ts'
import { skipWithoutStreamsGroups } from '../../release-limits.ts'
import { eventually } from '../../topic-io.ts'
import { nameOfClientUnderTest } from '../client-under-test.ts'
import { isRunning, wordCountApplication } from './application.ts'
import { zipfText } from './text.ts'

const LIMIT_MS = 120_000
const STOP_MS = 30_000
/** Longer than a test lasts, so that nothing here waits for it. */
const NEVER_MS = 600_000
/** Something is under way whenever a process is killed. */
const PACE = { parts: 40, everyMs: 30 }

async function begin(kind: string, options: { readonly groupProtocol: 'classic' | 'streams' }) {
  const { brokers } = await sharedKafka()
  const seed = Math.floor(Math.random() * 1e6)
  const text = zipfText(60_000, seed)
  const name = `${kind}-${options.groupProtocol}-${seed}-${Date.now().toString(36)}`
  const application = await wordCountApplication({ brokers, guarantee: 'exactly_once', name, ...options })
  return { seed, text, application }
}

/** Of what a worker tells: each of 4 threads has 2 of the 8 tasks. */
function hasSharedTasks(message: WorkerMessage): boolean {
  return message.type === 'threads' && String(message['tasks']) === '2,2,2,2'
}

async function stopAll(workers: readonly Worker[]): Promise<void> {
  for (const worker of workers) {
    await worker.told(isRunning)
    const { code, inTime } = await worker.stop(STOP_MS)
    expect({ code, inTime }, worker.log()).toEqual({ code: 0, inTime: true })
  }
}

it.for([
  { layout: '1 process with 4 threads', processes: 1, threads: 4, groupProtocol: 'classic' },
  { layout: '1 process with 4 threads', processes: 1, threads: 4, groupProtocol: 'streams' },
  { layout: '4 processes with 1 thread', processes: 4, threads: 1, groupProtocol: 'classic' },
] as const)(
  '$layout, $groupProtocol protocol: a process that is killed and started again counts every word exactly',
  async ({ processes, threads, groupProtocol }, context) => {
    skipWithoutStreamsGroups(context, groupProtocol)
    const { seed, text, application } = await begin(`threads-${processes}x${threads}`, { groupProtocol })
    await using _ = application
    const workers = Array.from({ length: processes }, (_, index) =>
      application.startThreads(`p${index}`, { threads, state: `s${index}` }),
    )
    await Promise.all(workers.map(worker => worker.told(isRunning)))
    const fed = application.feed(text.lines, PACE)
    const half = text.lines.length / 2
    const committed = await eventually('half of the input', LIMIT_MS, application.committed, count => count >= half)
    expect(committed).toBeLessThan(text.lines.length)
    workers[0]!.signal('SIGKILL')
    await workers[0]!.exited
    workers[0] = application.startThreads('p0 again', { threads, state: 's0' })
    await fed
    await application.drained(LIMIT_MS)
    await stopAll(workers)
    expect(await application.mistakes(text.counts), `seed ${seed}\n${application.group.log()}`).toEqual([])
  },
)

it.for([
  { threads: 4, groupProtocol: 'classic' },
  { threads: 4, groupProtocol: 'streams' },
] as const)(
  '$threads threads, $groupProtocol protocol: a thread that crashes is replaced, every word is counted exactly, and a live query follows',
  async ({ threads, groupProtocol }, context) => {
    skipWithoutStreamsGroups(context, groupProtocol)
    const { seed, text, application } = await begin('thread-crash', { groupProtocol })
    await using _ = application
    const marker = `${application.group.stateDir('crashed')}.marker`
    const crash = { marker, afterLines: Math.floor(text.lines.length / threads / 3) }
    const worker = application.startThreads('one', { threads, state: 'one', crash })
    await worker.told(isRunning)
    await application.feed(text.lines, PACE)
    await application.drained(LIMIT_MS)
    const sum = [...text.counts.values()].reduce((total, count) => total + count, 0)
    const { size } = text.counts
    await worker.told(({ type, ...has }) => type === 'live' && has['sum'] === sum && has['words'] === size)
    expect(existsSync(marker)).toBe(true)
    expect(worker.log()).toContain('the thread is replaced')
    await stopAll([worker])
    expect(await application.mistakes(text.counts), `seed ${seed}\n${application.group.log()}`).toEqual([])
  },
)

it.for([
  { threads: 2, groupProtocol: 'classic' },
  { threads: 1, groupProtocol: 'streams' },
] as const)(
  'killed with 4 threads and started again with $threads, $groupProtocol protocol: it ends the transactions of all 4 at once',
  { timeout: 4 * LIMIT_MS },
  async ({ threads, groupProtocol }, context) => {
    skipWithoutStreamsGroups(context, groupProtocol)
    const { brokers } = await sharedKafka()
    const text = zipfText(20_000, 1)
    const name = `fewer-${threads}-${groupProtocol}-${Date.now().toString(36)}`
    await using application = await wordCountApplication({ brokers, guarantee: 'exactly_once', name, groupProtocol })
    // Over kafkajs a batch is sent when it is full or at a commit, and begins the transaction.
    const never = { transactionTimeoutMs: NEVER_MS, commitIntervalMs: NEVER_MS, maxRequestBytes: 4_096 }
    const killed = application.startThreads('killed', { threads: 4, state: 'state', ...never })
    // The group has come to its end by then: a thread that gives a task to another one commits first.
    await killed.told(hasSharedTasks)
    await application.feed(text.lines)
    const repartition = `${name}-counts-repartition`
    const words = [...text.counts.values()].reduce((sum, count) => sum + count, 0)
    const written = async () => {
      const made = (await application.io.topics()).includes(repartition)
      return made ? (await application.io.ends(repartition)).reduce((sum, end) => sum + end, 0) : 0
    }
    await eventually('words that are not committed', LIMIT_MS, written, count => count >= words / 2)
    expect(await application.committed()).toBe(0)
    killed.signal('SIGKILL')
    await killed.exited
    const next = application.startThreads('next', { threads, state: 'state', transactionTimeoutMs: NEVER_MS })
    await application.drained(LIMIT_MS)
    expect(await application.mistakes(text.counts), application.group.log()).toEqual([])
    // Over kafkajs each task has a transactional id of its own: its next owner ends what was left open.
    const hasIdPerThread = groupProtocol === 'streams' || nameOfClientUnderTest() === 'wire'
    expect(next.log().includes('ended what members that are gone may have left open')).toBe(hasIdPerThread)
    await stopAll([next])
  },
)

it.for(['classic', 'streams'] as const)(
  'threads are added and removed while it runs, %s protocol, and every word is counted exactly',
  { timeout: 4 * LIMIT_MS },
  async (groupProtocol, context) => {
    skipWithoutStreamsGroups(context, groupProtocol)
    const { seed, text, application } = await begin('add-remove', { groupProtocol })
    await using _ = application
    const worker = application.startThreads('one', { threads: 2, state: 'one' })
    await worker.told(isRunning)
    const fed = application.feed(text.lines, PACE)
    const told = (type: string, count: number) =>
      eventually(
        `${count} threads that are ${type}`,
        LIMIT_MS,
        async () => worker.messages.filter(message => message.type === type).length,
        found => found === count,
      )
    worker.signal('SIGUSR2')
    await told('added', 1)
    worker.signal('SIGHUP')
    await told('removed', 1)
    worker.signal('SIGHUP')
    await told('removed', 2)
    worker.signal('SIGUSR2')
    await told('added', 2)
    await fed
    await application.drained(LIMIT_MS)
    await stopAll([worker])
    expect(await application.mistakes(text.counts), `seed ${seed}\n${application.group.log()}`).toEqual([])
  },
)
