import { type DevKafka, startKafka } from '@millrace/dev-kafka'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import type { Worker } from '../../processes/worker.ts'
import { eventually } from '../../topic-io.ts'
import { isRunning, type WordCountApplication, wordCountApplication } from '../word-count/application.ts'
import { zipfText } from '../word-count/text.ts'

/*
 * Standbys and a coordinator that moves, in streams groups of Kafka 4.4. Three nodes, so that another one is the coordinator while one
 * is away. Warm-ups are not here: the broker of 4.4.0 assigns none, whatever `streams.num.warmup.replicas` says.
 */
const LIMIT_MS = 120_000
/** Without a standby, a task restores everything. */
const WARM = 0.25
let kafka: DevKafka

beforeAll(async () => {
  kafka = await startKafka({
    from: 'jvm',
    version: '4.4',
    brokers: 3,
    config: { 'group.streams.num.standby.replicas': '1' },
  })
})

afterAll(() => kafka.stop())

async function newApplication(prefix: string): Promise<WordCountApplication> {
  const name = `${prefix}-${Date.now().toString(36)}`
  const { brokers } = kafka
  const application = await wordCountApplication({
    brokers,
    guarantee: 'exactly_once',
    name,
    groupProtocol: 'streams',
  })
  onTestFailed(() => console.log(application.group.log()))
  return application
}

async function mistakesOf(application: WordCountApplication): Promise<readonly string[]> {
  await application.drained(LIMIT_MS)
  return application.mistakes(await application.countsOfInput())
}

/** Of what a worker told of `type`: by the name of the task, the last one. */
function byTask(worker: Worker, type: 'standby' | 'restored', from = 0): ReadonlyMap<string, number> {
  const told = worker.messages.slice(from).filter(message => message.type === type)
  return new Map(told.map(({ task, restored = 0 }) => [String(task), Number(restored)]))
}

const total = (counts: Iterable<number>) => [...counts].reduce((sum, count) => sum + count, 0)

describe('a streams group with standbys, on three nodes of Kafka 4.4', () => {
  it(
    'gives the tasks of a killed process to its standbys, which restore only what they miss',
    { timeout: 600_000 },
    async () => {
      await using application = await newApplication('standby')
      const [a, b] = ['a', 'b'].map(name => application.start(name)) as [Worker, Worker]
      await Promise.all([a.told(isRunning), b.told(isRunning)])
      await application.feed(zipfText(12_000, 1).lines)
      await application.drained(LIMIT_MS)
      const standbys = async () => [...byTask(a, 'standby').keys(), ...byTask(b, 'standby').keys()]
      await eventually('a standby of each task', LIMIT_MS, standbys, tasks => new Set(tasks).size === 4)
      const ofB = new Set(byTask(b, 'restored').keys())
      const before = b.messages.length
      a.signal('SIGKILL')
      await a.exited
      await application.feed(zipfText(3_000, 2).lines)
      expect(await mistakesOf(application)).toEqual([])
      const taken = [...byTask(b, 'restored', before)].filter(([task]) => !ofB.has(task))
      expect(taken.length).toBeGreaterThan(0)
      const changelog = await application.io.ends(`${application.name}-counts-changelog`)
      expect(total(taken.map(([, restored]) => restored))).toBeLessThan(total(changelog) * WARM)
    },
  )

  it('goes on while its coordinator moves from node to node', { timeout: 900_000 }, async () => {
    await using application = await newApplication('coordinator')
    const workers = ['a', 'b'].map(name => application.start(name))
    await Promise.all(workers.map(worker => worker.told(isRunning)))
    for (const [index, id] of kafka.brokerIds.entries()) {
      await application.feed(zipfText(2_000, 10 + index).lines)
      await kafka.stopBroker(id)
      await application.feed(zipfText(2_000, 20 + index).lines)
      await application.drained(LIMIT_MS)
      await kafka.startBroker(id)
    }
    expect(await mistakesOf(application)).toEqual([])
    for (const worker of workers) expect(worker.running, worker.log()).toBe(true)
  })
})
