import { type KafkaClient, NO_HEADERS, partitionForKey, systemClock } from '@millrace/core'
import { type Contender, type Running, start } from './contenders.ts'
import { PARTITIONS, partitionsOf } from './inputs.ts'
import type { Lab } from './lab.ts'
import type { Measured } from './measured.ts'
import { quantile } from './statistics.ts'
import type { LatencyWorkload } from './workload.ts'

/** Nothing that arrives in the first seconds counts: compilers warm up. */
const WARM_UP_MS = 15_000
const MEASURED_MS = 30_000
const READY_LIMIT_MS = 60_000
const TICK_MS = 4
/** The moment of sending, in this process's `performance.now()`, is the first text of each value. */
const STAMP_LENGTH = 16
const FILLER = 'x'.repeat(84)

/** Writes records at a steady rate and reads what comes out; both happen in this process, so one clock measures. */
export async function measureLatency(lab: Lab, workload: LatencyWorkload, contender: Contender): Promise<Measured> {
  const applicationId = lab.applicationId(workload, contender.name)
  const input = `${applicationId}-in`
  await lab.createTopic(input, PARTITIONS)
  const { run, cleanUp } = await lab.prepare(workload, applicationId, { in: input })
  const latencies: number[] = []
  try {
    const { result, noise } = await lab.noise.around(async () => {
      const running = start(contender, run, lab.pinning)
      const reading = new Reader(lab.client, run.topics.out, workload.guarantee === 'exactly_once')
      const writing = new Writer(lab.client, input, workload.rate)
      try {
        await reading.start()
        await writing.start()
        await reading.first(running)
        await systemClock.sleep(WARM_UP_MS)
        const before = running.usage()
        reading.collect(latencies)
        await systemClock.sleep(MEASURED_MS)
        running.check()
        return { before, after: running.usage() }
      } finally {
        await writing.stop()
        await reading.stop()
        await running.end()
      }
    })
    const { before, after } = result
    const sorted = Float64Array.from(latencies).sort()
    const latency = { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), p999: quantile(sorted, 0.999) }
    const expected = (workload.rate * MEASURED_MS) / 1000
    if (sorted.length < expected * 0.9) {
      throw new Error(`${applicationId} gave ${sorted.length} of some ${expected} records: it does not keep up`)
    }
    return {
      value: latency.p99,
      latency,
      cpuMicros:
        before === undefined || after === undefined ? undefined : (after.cpuMicros - before.cpuMicros) / sorted.length,
      peakMb: after === undefined ? undefined : Math.round(after.peakMb),
      noise,
    }
  } finally {
    await cleanUp()
  }
}

class Writer {
  readonly #producer
  readonly #topic: string
  readonly #rate: number
  #timer: NodeJS.Timeout | undefined
  #began = 0
  #written = 0

  constructor(client: KafkaClient, topic: string, rate: number) {
    this.#producer = client.producer({})
    this.#topic = topic
    this.#rate = rate
  }

  async start(): Promise<void> {
    await this.#producer.init()
    const appender = this.#producer.topic(this.#topic)
    this.#began = performance.now()
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - this.#began) * this.#rate) / 1000)
      for (; this.#written < due; this.#written++) {
        const key = Buffer.from(`user-${this.#written % 10_000}`)
        const value = Buffer.from(performance.now().toFixed(3).padStart(STAMP_LENGTH) + FILLER)
        const partition = partitionForKey(key, 0, key.length, PARTITIONS)
        appender.append(partition, Date.now(), key, 0, key.length, value, 0, value.length, NO_HEADERS)
      }
    }, TICK_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#producer.close()
  }
}

class Reader {
  readonly #consumer
  readonly #topic: string
  #into: number[] | undefined
  #seen = 0
  #stopped = false
  #loop: Promise<void> = Promise.resolve()

  constructor(client: KafkaClient, topic: string, committed: boolean) {
    this.#consumer = client.consumer({ isolationLevel: committed ? 'read_committed' : 'read_uncommitted' })
    this.#topic = topic
  }

  async start(): Promise<void> {
    await this.#consumer.assign(partitionsOf(this.#topic, PARTITIONS).map(each => ({ ...each, offset: 0 })))
    this.#loop = this.#read()
  }

  collect(into: number[]): void {
    this.#into = into
  }

  /** Waits for the first record. */
  async first(running: Running): Promise<void> {
    const deadline = performance.now() + READY_LIMIT_MS
    while (this.#seen === 0) {
      running.check()
      if (performance.now() > deadline) throw new Error(`nothing arrived in ${this.#topic}`)
      await systemClock.sleep(20)
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#consumer.wakeup()
    await this.#loop
    await this.#consumer.close()
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      const batches = await this.#consumer.poll(500)
      const now = performance.now()
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.advance();) {
          this.#seen++
          const { valueBytes, valueStart } = cursor
          this.#into?.push(now - Number(valueBytes.toString('latin1', valueStart, valueStart + STAMP_LENGTH)))
        }
      }
    }
  }
}
