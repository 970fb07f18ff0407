import { startKafka } from '@millrace/dev-kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Worker } from '../processes/worker.ts'
import { eventually } from '../topic-io.ts'
import { isRunning, type WordCountApplication, wordCountApplication } from './word-count/application.ts'
import { zipfText } from './word-count/text.ts'

// A Kafka of its own, since it is stopped: the others share one.
const kafka = await startKafka({ from: 'jvm' })
const LIMIT_MS = 90_000
const STOP_MS = 40_000
const run = Date.now().toString(36)
let up = true

async function stopBroker(): Promise<void> {
  await kafka.stopBroker(kafka.brokerIds[0]!)
  up = false
}

async function startBroker(): Promise<void> {
  await kafka.startBroker(kafka.brokerIds[0]!)
  up = true
}

const newApplication = (name: string, guarantee: 'at_least_once' | 'exactly_once'): Promise<WordCountApplication> =>
  wordCountApplication({ brokers: kafka.brokers, guarantee, name: `${name}-${guarantee.replaceAll('_', '-')}-${run}` })

const waits = (worker: Worker) => worker.told(({ type, waiting }) => type === 'waiting' && waiting === true)
/** It has noticed; what it has under way it may go on trying for half a minute before it says that it waits. */
const notices = (worker: Worker) =>
  eventually(
    'a refused connection',
    LIMIT_MS,
    async () => worker.log(),
    log => log.includes('ECONNREFUSED'),
  )

beforeAll(() => expect(kafka.source).toBe('jvm'))
afterAll(() => kafka.stop())

describe('a broker that is down at start', () => {
  it('is waited for by name, until SIGTERM: then the process ends with 0', async () => {
    await using application = await newApplication('down', 'at_least_once')
    await stopBroker()
    try {
      const worker = application.start('worker')
      await waits(worker)
      expect(worker.log()).toContain('Kafka is not available; retrying')
      expect(worker.log()).toContain(`MILLRACE_CLIENT_UNAVAILABLE: No Kafka broker responds at ${kafka.brokers}`)
      expect(await worker.stop(STOP_MS)).toEqual({ code: 0, signal: null, inTime: true })
    } finally {
      await startBroker()
    }
  })

  it('is waited for until it comes', async () => {
    await using application = await newApplication('late', 'at_least_once')
    await stopBroker()
    const worker = application.start('worker')
    await waits(worker)
    await startBroker()
    await worker.told(isRunning)
    expect(worker.messages).toContainEqual({ type: 'waiting', waiting: false })
    expect(await worker.stop(STOP_MS)).toEqual({ code: 0, signal: null, inTime: true })
  })
})

describe.each(['at_least_once', 'exactly_once'] as const)('a broker that goes down in the middle, %s', guarantee => {
  it('is waited for, and nothing is lost', async () => {
    await using application = await newApplication('middle', guarantee)
    const text = zipfText(40_000, 5)
    const half = Math.floor(text.lines.length / 2)
    const worker = application.start('worker')
    await worker.told(isRunning)
    await application.feed(text.lines.slice(0, half), { parts: 20, everyMs: 20 })
    await eventually('some of the input', LIMIT_MS, application.committed, count => count > 0)
    await stopBroker()
    await notices(worker)
    await startBroker()
    await application.feed(text.lines.slice(half))
    await application.drained(LIMIT_MS)
    expect(await worker.stop(STOP_MS)).toEqual({ code: 0, signal: null, inTime: true })
    expect(await application.mistakes(text.counts), `logs: ${application.group.log()}`).toEqual([])
  })

  it('is waited for when it is frozen for longer than the session: it accepts connections and answers nothing', async context => {
    context.skip('open: once it did not end within 180 s on a busy machine, and the cases after it failed with it')
    await using application = await newApplication('frozen', guarantee)
    const text = zipfText(40_000, 7)
    const half = Math.floor(text.lines.length / 2)
    const worker = application.start('worker')
    await worker.told(isRunning)
    await application.feed(text.lines.slice(0, half), { parts: 20, everyMs: 20 })
    await eventually('some of the input', LIMIT_MS, application.committed, count => count > 0)
    await kafka.freezeBroker(kafka.brokerIds[0]!)
    try {
      // It says so when the first request has had no answer for half a minute: five times its session.
      await waits(worker)
    } finally {
      await kafka.resumeBroker(kafka.brokerIds[0]!)
    }
    await application.feed(text.lines.slice(half))
    await application.drained(LIMIT_MS)
    expect(await worker.stop(STOP_MS), `log: ${worker.log()}`).toEqual({ code: 0, signal: null, inTime: true })
    expect(await application.mistakes(text.counts), `logs: ${application.group.log()}`).toEqual([])
  })

  it('does not keep the process from ending at SIGTERM', async () => {
    await using application = await newApplication('ends', guarantee)
    const text = zipfText(10_000, 6)
    const worker = application.start('worker')
    await worker.told(isRunning)
    await application.feed(text.lines)
    await eventually('some of the input', LIMIT_MS, application.committed, count => count > 0)
    await stopBroker()
    try {
      await notices(worker)
      expect(await worker.stop(STOP_MS), `log: ${worker.log()}`).toEqual({ code: 0, signal: null, inTime: true })
    } finally {
      if (!up) await startBroker()
    }
    // What it could not commit any more is done by the next one.
    const next = application.start('next', 'worker')
    await application.drained(LIMIT_MS)
    expect(await next.stop(STOP_MS)).toEqual({ code: 0, signal: null, inTime: true })
    expect(await application.mistakes(text.counts), `logs: ${application.group.log()}`).toEqual([])
  })
})
