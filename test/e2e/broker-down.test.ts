import { startKafka } from '@millrace/dev-kafka'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Worker } from '../processes/worker.ts'
import { eventually } from '../topic-io.ts'
import { isRunning, type WordCountApplication, wordCountApplication } from './word-count/application.ts'
import { zipfText } from './word-count/text.ts'

// A Kafka of its own, since it is stopped: the others share one.
const kafka = await startKafka({ from: 'jvm' })
const LIMIT_MS = 90_000
const STOP_MS = 40_000
/** More than all steps of a case together may take: so it is a step that fails, and says what it has waited for. */
const timeout = 6 * LIMIT_MS
const run = Date.now().toString(36)
const applications: WordCountApplication[] = []
let up = true
let frozen = false

async function stopBroker(): Promise<void> {
  await kafka.stopBroker(kafka.brokerIds[0]!)
  up = false
}

async function startBroker(): Promise<void> {
  await kafka.startBroker(kafka.brokerIds[0]!)
  up = true
}

async function freezeBroker(): Promise<void> {
  await kafka.freezeBroker(kafka.brokerIds[0]!)
  frozen = true
}

async function resumeBroker(): Promise<void> {
  await kafka.resumeBroker(kafka.brokerIds[0]!)
  frozen = false
}

async function newApplication(name: string, guarantee: 'at_least_once' | 'exactly_once') {
  const options = { brokers: kafka.brokers, guarantee, name: `${name}-${guarantee.replaceAll('_', '-')}-${run}` }
  const application = await wordCountApplication(options)
  applications.push(application)
  return application
}

/** Says that it waits, after it has sent `earlier` messages. */
const waits = (worker: Worker, earlier = 0) =>
  eventually(
    'a worker that says that it waits',
    LIMIT_MS,
    async () => worker.messages.slice(earlier).some(({ type, waiting }) => type === 'waiting' && waiting === true),
    said => said,
  )
const runs = (worker: Worker) =>
  eventually(
    'a worker that runs',
    LIMIT_MS,
    async () => worker.messages.some(isRunning),
    said => said,
  )
/** It has noticed; what it has under way it may go on trying for half a minute before it says that it waits. */
const notices = (worker: Worker) =>
  eventually(
    'a broker that is gone',
    LIMIT_MS,
    async () => worker.log(),
    // Which is seen first depends on the moment: a connection that is refused, or one that the broker closes.
    log => /ECONNREFUSED|Kafka is not available/.test(log),
  )

beforeAll(() => expect(kafka.source).toBe('jvm'))
afterAll(() => kafka.stop())
// A case that was ended because it took too long is still where it was: the next one begins with a broker that runs, and alone.
afterEach(async () => {
  if (frozen) await resumeBroker()
  if (!up) await startBroker()
  for (const application of applications.splice(0)) await application[Symbol.asyncDispose]()
})

describe('a broker that is down at start', () => {
  it('is waited for by name, until SIGTERM: then the process ends with 0', { timeout }, async () => {
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

  it('is waited for until it comes', { timeout }, async () => {
    await using application = await newApplication('late', 'at_least_once')
    await stopBroker()
    const worker = application.start('worker')
    await waits(worker)
    await startBroker()
    await runs(worker)
    expect(worker.messages).toContainEqual({ type: 'waiting', waiting: false })
    expect(await worker.stop(STOP_MS)).toEqual({ code: 0, signal: null, inTime: true })
  })
})

describe.each(['at_least_once', 'exactly_once'] as const)('a broker that goes down in the middle, %s', guarantee => {
  it('is waited for, and nothing is lost', { timeout }, async () => {
    await using application = await newApplication('middle', guarantee)
    const text = zipfText(40_000, 5)
    const half = Math.floor(text.lines.length / 2)
    const worker = application.start('worker')
    await runs(worker)
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

  it(
    'is waited for when it is frozen for longer than the session: it accepts connections and answers nothing',
    {
      timeout,
    },
    async () => {
      await using application = await newApplication('frozen', guarantee)
      const text = zipfText(40_000, 7)
      const half = Math.floor(text.lines.length / 2)
      const worker = application.start('worker')
      await runs(worker)
      await application.feed(text.lines.slice(0, half), { parts: 20, everyMs: 20 })
      await eventually('some of the input', LIMIT_MS, application.committed, count => count > 0)
      const before = worker.messages.length
      await freezeBroker()
      try {
        // It says so when a request has had no answer for half a minute, and another one neither: more than five times its session.
        await waits(worker, before)
      } finally {
        await resumeBroker()
      }
      await application.feed(text.lines.slice(half))
      await application.drained(LIMIT_MS)
      expect(await worker.stop(STOP_MS), `log: ${worker.log()}`).toEqual({ code: 0, signal: null, inTime: true })
      expect(await application.mistakes(text.counts), `logs: ${application.group.log()}`).toEqual([])
    },
  )

  it('does not keep the process from ending at SIGTERM', { timeout }, async () => {
    await using application = await newApplication('ends', guarantee)
    const text = zipfText(10_000, 6)
    const worker = application.start('worker')
    await runs(worker)
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
    // The first one may have done everything: before it runs, a process does not listen to signals yet.
    await runs(next)
    await application.drained(LIMIT_MS)
    expect(await next.stop(STOP_MS)).toEqual({ code: 0, signal: null, inTime: true })
    expect(await application.mistakes(text.counts), `logs: ${application.group.log()}`).toEqual([])
  })
})
