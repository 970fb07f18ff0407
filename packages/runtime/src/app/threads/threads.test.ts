import { type MemoryClient, MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  type ClientContext,
  long,
  NO_HEADERS,
  prefixQuery,
  rangeQuery,
  StreamsBuilder,
  string,
  systemClock,
} from '@millrace/core'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { KafkaStreamsOptions } from '../../config/options.ts'
import { silentLogger } from '../../observe/console-logger.ts'
import { defineApplication } from '../define-application.ts'
import { openStateDirectory } from '../../state/directory/directory.ts'
import type { OpenStateDirectory, StateDirectory } from '../../state/directory/state-directory.ts'
import { KafkaStreams } from '../kafka-streams.ts'
import { localHost, threadedStreams } from './threads.fixture.ts'

const open: KafkaStreams[] = []
afterEach(async () => {
  for (const streams of open.splice(0)) await streams.close()
})

/** Counts words on a cluster of its own; `visit` sees each value before it is counted. */
function application(
  given: Partial<KafkaStreamsOptions> = {},
  visit: (value: string) => void | Promise<void> = () => undefined,
  openDirectory?: OpenStateDirectory,
) {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: 6 })
  cluster.createTopic({ name: 'out', partitions: 1 })
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: string(), value: string() })
    .peek(visit)
    .groupByKey()
    .count({ store: { name: 'counts', caching: false } })
    .toStream()
    .to('out', { key: string(), value: long() })
  const plan = builder.build()
  const factory = memoryClient(cluster)
  const clients = new Map<string, MemoryClient>()
  const client = (context: ClientContext) => {
    const made = factory(context)
    clients.set(context.clientId, made)
    return made
  }
  const options: KafkaStreamsOptions = {
    ...{ applicationId: 'app', processId: 'p', client, logger: silentLogger, threads: 3 },
    ...{ processingGuarantee: 'exactly_once', commitIntervalMs: 20 },
    ...given,
  }
  let current = options
  const crashed = (thread: number) => clients.get(thread === 1 ? 'app-p' : `app-p#${thread}`)?.crash()
  const { host, threads } = localHost(() => defineApplication(plan, current), crashed)
  const start = (other: Partial<KafkaStreamsOptions> = {}) => {
    current = { ...options, ...other }
    const made = threadedStreams(plan, current, host, openDirectory)
    open.push(made)
    return made
  }
  const streams = start()
  const own = factory({ clientId: 'test', clock: systemClock, logger: silentLogger })
  const producer = own.producer({})
  return {
    cluster,
    streams,
    start,
    threads,
    clients,
    async send(...values: readonly string[]) {
      await producer.init()
      const topic = producer.topic('in')
      values.forEach((value, index) => {
        const bytes = Buffer.from(value)
        topic.append(index % 6, Date.now(), bytes, 0, bytes.length, bytes, 0, bytes.length, NO_HEADERS)
      })
      await producer.flush()
    },
    /** The last count of each word, once they sum up to this. */
    async counts(sum: number): Promise<Readonly<Record<string, number>>> {
      const consumer = own.consumer({ isolationLevel: 'read_committed' })
      await consumer.assign([{ topic: 'out', partition: 0, offset: 0 }])
      const counts = new Map<string, number>()
      while ([...counts.values()].reduce((total, count) => total + count, 0) < sum) {
        for (const batch of await consumer.poll(100)) {
          const cursor = batch.cursor()
          while (cursor.advance()) {
            const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor
            const count = long().deserialize(valueBytes.subarray(valueStart, valueEnd), 'out')
            counts.set(keyBytes.toString('utf8', keyStart, keyEnd), Number(count))
          }
        }
      }
      await consumer.close()
      return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    },
    /** Resolves when the application is in this state. */
    state: (wanted: KafkaStreams['state']) =>
      new Promise<void>(resolve => {
        if (streams.state === wanted) return resolve()
        streams.on('state', state => {
          if (state === wanted) resolve()
        })
      }),
  }
}

const WORDS = ['a', 'b', 'c', 'd', 'e', 'f']
const twice = { a: 2, b: 2, c: 2, d: 2, e: 2, f: 2 }

it('runs its tasks on all threads, and reports them as one instance', async () => {
  const { streams, send, counts, threads } = application()
  await streams.start()
  expect(streams.state).toBe('RUNNING')
  expect(threads.map(({ start }) => start.thread)).toEqual([1, 2, 3])
  await send(...WORDS)
  await send(...WORDS)
  expect(await counts(12)).toEqual(twice)
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      if (streams.tasks().filter(({ processed }) => processed === 2).length < 6) return
      clearInterval(timer)
      resolve()
    }, 20)
  })
  await streams.close()
  expect(streams.state).toBe('NOT_RUNNING')
})

it('answers queries from the stores of all threads', async () => {
  const { streams, send, counts } = application()
  const request = { store: 'counts', query: rangeQuery<string, bigint>(), isolation: 'uncommitted' as const }
  await expect(streams.query(request)).rejects.toMatchObject({ code: 'MILLRACE_QUERY_NOT_RUNNING' })
  await streams.start()
  await send(...WORDS, ...WORDS)
  await counts(12)
  const result = await streams.query(request)
  expect(result.partitions.size).toBe(6)
  const found = result.values().flat()
  expect(Object.fromEntries(found.map(([key, value]) => [key, Number(value)]))).toEqual(twice)
  const prefix = streams.query({ store: 'counts', query: prefixQuery('a', string()) })
  await expect(prefix).rejects.toMatchObject({ code: 'MILLRACE_QUERY_INVALID' })
  const unknown = streams.query({ ...request, store: 'other' })
  await expect(unknown).rejects.toMatchObject({ code: 'MILLRACE_STORE_UNKNOWN' })
})

describe('a store over all threads', () => {
  it('reads values and entries of all partitions, and says what it cannot', async () => {
    const { streams, send, counts } = application()
    const store = streams.store<string, bigint>('counts', 'key-value', { isolation: 'uncommitted' })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'MILLRACE_QUERY_NOT_RUNNING' })
    await streams.start()
    await send(...WORDS, ...WORDS)
    await counts(12)
    for (const word of WORDS) expect(await store.get(word)).toBe(2n)
    expect(await store.get('z')).toBeUndefined()
    expect(await store.approximateCount()).toBe(6)
    const found = new Map<string, bigint>()
    for await (const [key, value] of store.range({ from: 'b', to: 'd' })) found.set(key, value)
    expect(Object.fromEntries(found)).toEqual({ b: 2n, c: 2n, d: 2n })
    const prefix = async () => {
      for await (const entry of store.prefixScan('a', string())) return entry
      return undefined
    }
    await expect(prefix()).rejects.toMatchObject({ code: 'MILLRACE_QUERY_INVALID' })
  })

  it('gives more entries than a page, and ends a walk that is left', async () => {
    const { streams, send, counts } = application()
    await streams.start()
    const keys = Array.from({ length: 3_000 }, (_, number) => `k${number}`)
    await send(...keys)
    await counts(3_000)
    const store = streams.store<string, bigint>('counts', 'key-value', { isolation: 'uncommitted' })
    const seen: string[] = []
    for await (const [key] of store.all()) seen.push(key)
    expect(seen.sort()).toEqual([...keys].sort())
    let walked = 0
    for await (const _ of store.all()) if (++walked === 300) break
    expect(walked).toBe(300)
    expect(await store.approximateCount()).toBe(3_000)
  })

  it('does not give a part as the whole while no thread has a partition', async () => {
    const { streams } = application({ threads: 2 })
    await streams.start()
    const store = streams.store<string, bigint>('counts', 'key-value')
    await streams.removeThread()
    await streams.removeThread()
    await expect(store.get('a')).rejects.toMatchObject({ code: 'MILLRACE_QUERY_INCOMPLETE' })
    const partial = streams.store<string, bigint>('counts', 'key-value', { partial: true })
    expect(await partial.get('a')).toBeUndefined()
  })

  it('fails a walk whose thread ends', async () => {
    const { streams, send, counts, threads } = application({ onUncaughtError: () => 'replace-thread' })
    await streams.start()
    await send(...Array.from({ length: 3_000 }, (_, number) => `k${number}`))
    await counts(3_000)
    const entries = streams.store<string, bigint>('counts', 'key-value', { isolation: 'uncommitted' }).all()
    const iterator = entries[Symbol.asyncIterator]()
    await iterator.next()
    for (const thread of [...threads]) thread.crash(new Error('out of memory'))
    const walk = async () => {
      while ((await iterator.next()).done !== true);
    }
    await expect(walk()).rejects.toMatchObject({ code: 'MILLRACE_STORE_CLOSED' })
  })
})

it('pauses and resumes all threads', async () => {
  const { streams, send, counts } = application()
  streams.pause()
  await streams.start()
  await send(...WORDS, ...WORDS)
  expect(streams.isPaused).toBe(true)
  expect(streams.tasks().every(({ processed }) => processed === 0)).toBe(true)
  streams.resume()
  expect(await counts(12)).toEqual(twice)
})

it('replaces a thread that fails, which goes on at the last commit', async () => {
  const failures: unknown[] = []
  let fails = true
  const { streams, send, counts, threads } = application(
    {
      onUncaughtError(error) {
        failures.push(error)
        return 'replace-thread'
      },
    },
    value => {
      if (value !== 'c' || !fails) return
      fails = false
      throw new Error('the first c')
    },
  )
  await streams.start()
  await send(...WORDS, ...WORDS)
  expect(await counts(12)).toEqual(twice)
  expect(failures).toMatchObject([{ code: 'MILLRACE_PROCESSING_FAILED', cause: { message: 'the first c' } }])
  expect(threads).toHaveLength(4)
  const numbers = threads.map(({ start }) => start.thread)
  expect(numbers.slice(0, 3)).toContain(numbers[3])
})

it.each(['start', 'middle'])('replaces a thread that crashes in the %s', async when => {
  const verdicts: unknown[] = []
  const { streams, send, counts, threads, state } = application({
    sessionTimeoutMs: 1000,
    onUncaughtError(error) {
      verdicts.push(error)
      return 'replace-thread'
    },
  })
  await streams.start()
  if (when === 'middle') await send(...WORDS)
  threads[1]!.crash(new Error('out of memory'))
  await state('REBALANCING')
  await state('RUNNING')
  if (when === 'start') await send(...WORDS)
  await send(...WORDS)
  expect(await counts(12)).toEqual(twice)
  expect(verdicts).toMatchObject([{ code: 'MILLRACE_THREAD_EXITED', cause: { message: 'out of memory' } }])
  expect(threads.map(({ start }) => start.thread)).toEqual([1, 2, 3, 2])
})

it('ends with the error of a thread by default, and the other threads commit', async () => {
  const { streams, send } = application({}, value => {
    if (value === 'c') throw new Error('each c')
  })
  await streams.start()
  await send(...WORDS)
  await expect(streams.ended()).rejects.toMatchObject({ code: 'MILLRACE_PROCESSING_FAILED' })
  expect(streams.state).toBe('ERROR')
})

it('does not start with a module that builds another topology in a thread', async () => {
  const { cluster } = application()
  const planOf = (...topics: readonly string[]) => {
    const builder = new StreamsBuilder()
    for (const topic of topics) builder.stream(topic, { key: string(), value: string() }).foreach(() => undefined)
    return builder.build()
  }
  const options = { applicationId: 'other', client: memoryClient(cluster), logger: silentLogger, threads: 2 }
  const { host } = localHost(thread => defineApplication(thread === 1 ? planOf('in') : planOf('in', 'out'), options))
  const streams = threadedStreams(planOf('in'), options, host)
  await expect(streams.start()).rejects.toMatchObject({ code: 'MILLRACE_THREAD_TOPOLOGY' })
  expect(streams.state).toBe('ERROR')
})

it('does not start where a topic is missing, and says so as one thread does', async () => {
  const { streams, cluster } = application()
  cluster.deleteTopic('in')
  await expect(streams.start()).rejects.toMatchObject({ code: 'MILLRACE_TOPIC_MISSING' })
})

it('gives each thread its part of the budgets, a name of its own, and the id of the process', async () => {
  const { streams, clients, threads } = application()
  await streams.start()
  expect([...clients.keys()].sort()).toEqual(['app-p', 'app-p#2', 'app-p#3'])
  expect(threads.map(({ start }) => [start.processId, start.threads])).toEqual([
    ['p', 3],
    ['p', 3],
    ['p', 3],
  ])
})

/** Tasks of each thread, once all have some and there are no others. */
async function shared(streams: KafkaStreams, names: readonly string[]): Promise<readonly number[]> {
  for (;;) {
    const threads = streams.metadataForLocalThreads()
    const found = threads.map(({ name }) => name).sort()
    const counts = threads.map(({ active }) => active.length)
    const isSettled = counts.every(count => count > 0) && counts.reduce((sum, count) => sum + count, 0) === 6
    if (isSettled && found.join() === [...names].sort().join()) return counts
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

it('takes one more thread, which gets its part of the tasks, and gives it back when it is removed', async () => {
  const { streams, send, counts, threads } = application({ threads: 2 })
  await streams.start()
  await send(...WORDS)
  await counts(6)
  expect(await streams.addThread()).toBe('app-p#3')
  expect(await shared(streams, ['app-p', 'app-p#2', 'app-p#3'])).toEqual([2, 2, 2])
  expect(streams.metadataForLocalThreads().map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING', 'RUNNING'])
  expect(threads.map(({ start }) => [start.thread, start.threads])).toEqual([
    [1, 2],
    [2, 2],
    [3, 3],
  ])
  await send(...WORDS)
  expect(await counts(12)).toEqual(twice)
  expect(await streams.removeThread()).toBe('app-p#3')
  expect(await streams.removeThread({ timeoutMs: 60_000 })).toBe('app-p#2')
  expect(await shared(streams, ['app-p'])).toEqual([6])
  await send(...WORDS)
  expect(await counts(18)).toEqual({ a: 3, b: 3, c: 3, d: 3, e: 3, f: 3 })
  expect(await streams.addThread(), 'a number that is free is used again').toBe('app-p#2')
  expect(await shared(streams, ['app-p', 'app-p#2'])).toEqual([3, 3])
  expect(streams.state).toBe('RUNNING')
})

it('may have no thread left, and goes on when there is one again', async () => {
  const { streams, send, counts } = application({ threads: 2 })
  await streams.start()
  expect([await streams.removeThread(), await streams.removeThread(), await streams.removeThread()]).toEqual([
    'app-p#2',
    'app-p',
    undefined,
  ])
  expect(streams.metadataForLocalThreads()).toEqual([])
  await send(...WORDS, ...WORDS)
  expect(await streams.addThread()).toBe('app-p')
  expect(await counts(12)).toEqual(twice)
})

it('adds and removes threads while it starts', async () => {
  const { streams, threads } = application({ threads: 2 })
  const started = streams.start()
  // The last one may be told to end before it has begun.
  const last = () => streams.addThread().catch(() => 'app-p#4')
  const changes = Promise.all([streams.addThread(), last(), streams.removeThread()])
  await started
  expect(await changes).toEqual(['app-p#3', 'app-p#4', 'app-p#4'])
  expect(await shared(streams, ['app-p', 'app-p#2', 'app-p#3'])).toEqual([2, 2, 2])
  expect(new Set(threads.map(({ start }) => start.thread))).toEqual(new Set([1, 2, 3, 4]))
  expect(threads).toHaveLength(4)
})

it('ends a thread that is removed while it is being added, and no other', async () => {
  const { streams, threads } = application({ threads: 2 })
  await streams.start()
  // It may be told to end before it has begun.
  const added = streams.addThread().catch(() => undefined)
  const removed = streams.removeThread()
  const again = streams.addThread()
  expect([await removed, await again]).toEqual(['app-p#3', 'app-p#4'])
  await added
  expect(await shared(streams, ['app-p', 'app-p#2', 'app-p#4'])).toEqual([2, 2, 2])
  expect(threads.map(({ start }) => start.thread)).toEqual([1, 2, 3, 4])
})

it('does not replace a thread whose number was given to another meanwhile', async () => {
  const verdict = Promise.withResolvers<'replace-thread'>()
  const asked: unknown[] = []
  const { streams, threads } = application({
    sessionTimeoutMs: 1000,
    onUncaughtError(error) {
      asked.push(error)
      return verdict.promise as unknown as 'replace-thread'
    },
  })
  await streams.start()
  threads[2]!.crash(new Error('out of memory'))
  while (asked.length === 0) await new Promise(resolve => setTimeout(resolve, 10))
  expect(await streams.removeThread()).toBe('app-p#3')
  expect(await streams.addThread()).toBe('app-p#3')
  verdict.resolve('replace-thread')
  threads[1]!.crash(new Error('out of memory'))
  while (threads.length < 5) await new Promise(resolve => setTimeout(resolve, 10))
  expect(await shared(streams, ['app-p', 'app-p#2', 'app-p#3'])).toEqual([2, 2, 2])
  expect(threads.map(({ start }) => start.thread)).toEqual([1, 2, 3, 3, 2])
})

it('adds and removes no thread before it runs, after it was closed, and on the calling thread', async () => {
  const { streams } = application()
  expect([await streams.addThread(), await streams.removeThread()]).toEqual([undefined, undefined])
  await streams.start()
  await expect(streams.removeThread({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'MILLRACE_ARGUMENT_INVALID' })
  await streams.close()
  expect([await streams.addThread(), await streams.removeThread()]).toEqual([undefined, undefined])
  const single = new KafkaStreams(streams.plan, {
    ...{
      applicationId: 'single',
      client: memoryClient(new MemoryCluster({ clock: systemClock })),
      logger: silentLogger,
    },
  })
  await expect(single.addThread()).rejects.toMatchObject({ code: 'MILLRACE_THREADS_FIXED' })
  await expect(single.removeThread()).rejects.toMatchObject({ code: 'MILLRACE_THREADS_FIXED' })
})

it('says when a thread that is removed does not end in time, and ends it later', async () => {
  const blocked = Promise.withResolvers<void>()
  let atWork = 0
  const { streams, send, counts } = application({ threads: 2, closeTimeoutMs: 60_000 }, async () => {
    atWork++
    await blocked.promise
  })
  await streams.start()
  await send(...WORDS)
  while (atWork < 2) await new Promise(resolve => setTimeout(resolve, 10))
  await expect(streams.removeThread({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'MILLRACE_THREAD_REMOVAL' })
  blocked.resolve()
  expect(await shared(streams, ['app-p'])).toEqual([6])
  await send(...WORDS)
  expect(await counts(12)).toEqual(twice)
})

it('ends a thread whose work never ends, and its transaction, when it is removed', { timeout: 60_000 }, async () => {
  let endless: string | undefined
  let seen = 0
  const { streams, send, counts } = application(
    {
      ...{ threads: 2, closeTimeoutMs: 300, sessionTimeoutMs: 1_000, maxRequestBytes: 1_024 },
      ...{ transactionTimeoutMs: 600_000, commitIntervalMs: 600_000 },
    },
    value => (value === endless && ++seen === 50 ? new Promise<void>(() => undefined) : undefined),
  )
  await streams.start()
  await shared(streams, ['app-p', 'app-p#2'])
  const [task] = streams.metadataForLocalThreads().find(({ name }) => name === 'app-p#2')!.active
  endless = WORDS[Number(task!.id.split('_')[1])]
  await send(...Array.from({ length: 100 }, () => WORDS).flat())
  while (seen < 50) await new Promise(resolve => setTimeout(resolve, 10))
  expect(await streams.removeThread()).toBe('app-p#2')
  expect(await shared(streams, ['app-p'])).toEqual([6])
  await streams.close()
  expect(await counts(600)).toEqual({ a: 100, b: 100, c: 100, d: 100, e: 100, f: 100 })
})

it('ends the transactions of threads that are not there any more, after a crash', { timeout: 60_000 }, async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-threads-'))
  const directory: OpenStateDirectory = options => openStateDirectory({ ...options, stateDir })
  const opened: StateDirectory[] = []
  const crashing: OpenStateDirectory = async options => {
    const made = await directory(options)
    opened.push(made)
    return made
  }
  // Small batches are full before anything is committed.
  const never = {
    maxRequestBytes: 1_024,
    transactionTimeoutMs: 600_000,
    commitIntervalMs: 600_000,
    sessionTimeoutMs: 1_000,
  }
  const { streams, start, threads, send, counts, cluster } = application(
    { ...never, onUncaughtError: () => 'shutdown-instance' },
    undefined,
    crashing,
  )
  await streams.start()
  const many = Array.from({ length: 100 }, () => WORDS).flat()
  await send(...many)
  const stable = () => cluster.log({ topic: 'out', partition: 0 }).lastStableOffset
  while (cluster.log({ topic: 'out', partition: 0 }).highWatermark === 0)
    await new Promise(resolve => setTimeout(resolve, 20))
  expect(stable()).toBe(0)
  for (const thread of threads.splice(0)) thread.crash(new Error('killed'))
  await streams.ended().catch(() => undefined)
  const next = start({ threads: 2, commitIntervalMs: 20 })
  await next.start()
  expect(await counts(600)).toEqual({ a: 100, b: 100, c: 100, d: 100, e: 100, f: 100 })
  expect(threads.map(({ start: given }) => [given.thread, given.leftBehind])).toEqual([
    [1, [3]],
    [2, []],
  ])
  await next.close()
  expect((await directory({ stateDir, applicationId: 'app', logger: silentLogger })).leftBehind).toEqual([2])
  rmSync(stateDir, { recursive: true, force: true })
})
