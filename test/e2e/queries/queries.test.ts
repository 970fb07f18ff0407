import { freePorts, sharedKafka } from '@millrace/dev-kafka'
import { type LiveEvent, queryClient, QueryClientError } from '@millrace/query-client'
import { openTopics, string } from 'millrace'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type WorkerGroup, workerGroup } from '../../processes/worker-group.ts'
import type { Worker } from '../../processes/worker.ts'
import { topicIo } from '../../topic-io.ts'
import { clientUnderTest } from '../client-under-test.ts'
import { type CommittedStates, committedStates, stateText } from './committed-states.ts'
import type { InstanceSettings } from './instance-process.ts'

interface Stores {
  readonly [name: string]: { readonly key: string; readonly value: string }
}

const PARTITIONS = 3
const KEYS = Array.from({ length: 24 }, (_, n) => `key-${n}`)
const texts = { key: string(), value: string() }
/** How the instances are troubled, one after the other and again, until the time is over. */
const TROUBLES = [
  { instance: 0, signal: 'SIGKILL' },
  { instance: 1, signal: 'SIGTERM' },
  { instance: 2, signal: 'SIGTERM' },
  { instance: 1, signal: 'SIGKILL' },
] as const
const TROUBLED_MS = 30_000
const BETWEEN_MS = 2_000
const READ = { isolation: 'committed' } as const
const HTTP = { backOffMs: 50, maxBackOffMs: 500, timeoutMs: 8_000 }

function start(
  group: WorkerGroup,
  index: number,
  settings: Omit<InstanceSettings, 'stateDir' | 'port'>,
  port: number,
): Worker {
  const name = `instance-${index}`
  const all: InstanceSettings = { ...settings, port, stateDir: group.stateDir(name) }
  return group.start(name, new URL('instance-process.ts', import.meta.url), all)
}

const running = (worker: Worker) => worker.told(({ type, state }) => type === 'state' && state === 'RUNNING')

/** What was answered, to be judged at the end. */
class Answers {
  readonly states: { readonly partition: number; readonly state: string; readonly source: string }[] = []
  readonly live: { readonly partition: number; readonly position: number; readonly state: string }[] = []
  readonly mistakes: string[] = []
  readonly refused = new Map<string, number>()
  ownWrites = 0

  /** What may happen at any time in a rebalance. Everything else is thrown. */
  refuse(error: unknown): void {
    const passing = ['MILLRACE_QUERY_INCOMPLETE', 'MILLRACE_QUERY_NOT_RUNNING', 'MILLRACE_SERVER_OWNER_UNREACHABLE']
    const codes = [...passing, 'MILLRACE_SERVER_BUSY', 'QUERY_CLIENT_UNREACHABLE']
    if (!(error instanceof QueryClientError) || !codes.includes(error.code)) throw error
    this.refused.set(error.code, (this.refused.get(error.code) ?? 0) + 1)
  }

  judge(committed: readonly CommittedStates[]): readonly string[] {
    const never = this.states
      .filter(({ partition, state }) => !committed[partition]!.has(state))
      .map(({ partition, state, source }) => `${source}: partition ${partition} never was ${state}`)
    const gaps = this.live
      .filter(({ partition, position, state }) => committed[partition]!.at(position) !== state)
      .map(({ partition, position, state }) => `live: partition ${partition} at ${position} was not ${state}`)
    const behind = committed.flatMap((states, partition) => {
      const last = this.live.findLast(one => one.partition === partition)
      return last?.state === states.at(Infinity) ? [] : [`live: partition ${partition} ends with ${last?.state}`]
    })
    return [...this.mistakes, ...never, ...gaps, ...behind]
  }
}

async function follow(events: AsyncIterable<LiveEvent<string, string>>, answers: Answers, stop: AbortSignal) {
  const rows = Array.from({ length: PARTITIONS }, () => new Map<string, string>())
  const reached = Array.from<number>({ length: PARTITIONS })
  try {
    for await (const event of events) {
      if (event.type === 'waiting') continue
      const { partition, position = -1 } = event
      if (event.type === 'snapshot' && event.first) rows[partition]!.clear()
      for (const { key, value } of event.entries) {
        if (value === undefined) rows[partition]!.delete(key)
        else rows[partition]!.set(key, value)
      }
      if (event.type === 'snapshot' && !event.last) continue
      if (event.type === 'changes' && position <= reached[partition]!)
        answers.mistakes.push(`live: changes up to ${position} of partition ${partition} came again`)
      reached[partition] = position
      answers.live.push({ partition, position, state: stateText(rows[partition]!) })
    }
  } catch (error) {
    if (!stop.aborted) throw error
  }
}

it(
  'answers of three instances are committed states through kills and rolling restarts, and live queries have no gap',
  {
    timeout: 300_000,
  },
  async () => {
    const { brokers } = await sharedKafka()
    const name = `queries-${Date.now().toString(36)}`
    const settings = { brokers, applicationId: name, topic: `${name}-in` }
    await using io = topicIo(clientUnderTest(brokers))
    await using topics = await openTopics(clientUnderTest(brokers))
    await io.createTopic(settings.topic, PARTITIONS)
    await using group = await workerGroup()
    const ports = await freePorts(3)
    const workers = ports.map((port, index) => start(group, index, settings, port))
    await Promise.all(workers.map(running))

    const answers = new Answers()
    const stop = new AbortController()
    const urls = ports.map(port => `http://127.0.0.1:${port}`)
    const clientAt = (index: number, retries = 1) =>
      queryClient<Stores>({ url: [...urls.slice(index), ...urls.slice(0, index)], ...HTTP, retries })
    const following = follow(clientAt(0, 200).live('last', { signal: stop.signal }), answers, stop.signal)

    /** Writes one key after the other, and reads it where `after` says that it must be. */
    const writing = (async () => {
      for (let n = 1; !stop.signal.aborted; n++) {
        const key = KEYS[n % KEYS.length]!
        const after = await topics.write(settings.topic, texts, [{ key, value: String(n) }])
        if (n % 5 !== 0) continue
        try {
          const found = Number(await clientAt(n % 3).get('last', key, { ...READ, after }))
          answers.ownWrites++
          if (!(found >= n)) answers.mistakes.push(`${key} was ${found} after ${n} had been written`)
        } catch (error) {
          answers.refuse(error)
        }
      }
    })()
    /** Reads whole partitions of every instance, standbys included. */
    const reading = (async () => {
      for (let n = 0; !stop.signal.aborted; n++) {
        const partition = n % PARTITIONS
        const standbys = n % 2 === 0
        const rows: (readonly [string, string])[] = []
        try {
          for await (const row of clientAt((n >> 2) % 3, 0).entries('last', { ...READ, partition, standbys }))
            rows.push(row)
          answers.states.push({ partition, state: stateText(rows), source: standbys ? 'any' : 'active' })
        } catch (error) {
          answers.refuse(error)
        }
        await sleep(10)
      }
    })()

    const began = performance.now()
    for (let n = 0; n < 2 || performance.now() - began < TROUBLED_MS; n++) {
      const { instance, signal } = TROUBLES[n % TROUBLES.length]!
      await sleep(BETWEEN_MS)
      workers[instance]!.signal(signal)
      await workers[instance]!.exited
      await sleep(BETWEEN_MS / 2)
      workers[instance] = start(group, instance, settings, ports[instance]!)
      await running(workers[instance])
    }
    await sleep(BETWEEN_MS)
    stop.abort()
    await Promise.all([writing, reading])
    await following
    // The last changes: a reader that begins now has them, one that went on had them too.
    const rest = new AbortController()
    const last = new Answers()
    const latest = follow(clientAt(0, 200).live('last', { signal: rest.signal }), last, rest.signal)
    await expect
      .poll(async () => await io.unprocessed(name, settings.topic), { timeout: 90_000, interval: 200 })
      .toBe(0)
    await sleep(1_000)
    rest.abort()
    await latest

    const records = await io.readAll(`${name}-last-changelog`)
    const committed = Array.from({ length: PARTITIONS }, (_, partition) =>
      committedStates(records.filter(record => record.partition === partition)),
    )
    const log = `${JSON.stringify([...answers.refused])}\n${group.log().slice(-20_000)}`
    answers.live.push(...last.live)
    expect(answers.judge(committed).slice(0, 5), log).toEqual([])
    expect(answers.states.length, log).toBeGreaterThan(30)
    expect(answers.ownWrites, log).toBeGreaterThan(10)
    expect(new Set(answers.live.map(({ partition }) => partition)).size, log).toBe(PARTITIONS)
  },
)

it('the judge finds what never was committed', () => {
  const record = (offset: number, key: string, value: string | null) => ({
    ...{ topic: 't', partition: 0, offset, timestamp: 0, headers: [] as never },
    ...{ key: Buffer.from(key), value: value === null ? null : Buffer.from(value) },
  })
  // Two transactions: a and b, then a and c.
  const states = committedStates([record(0, 'a', '1'), record(1, 'b', '1'), record(3, 'a', '2'), record(4, 'b', null)])
  const answers = new Answers()
  answers.states.push(
    { partition: 0, state: 'a=1 b=1', source: 'active' },
    { partition: 0, state: 'a=2', source: 'active' },
  )
  answers.live.push({ partition: 0, position: 2, state: 'a=1 b=1' }, { partition: 0, position: 5, state: 'a=2' })
  expect(answers.judge([states])).toEqual([])
  answers.states.push({ partition: 0, state: 'a=2 b=1', source: 'active' })
  answers.live.splice(1, 1, { partition: 0, position: 5, state: 'a=2 b=1' })
  expect(answers.judge([states])).toHaveLength(3)
})
