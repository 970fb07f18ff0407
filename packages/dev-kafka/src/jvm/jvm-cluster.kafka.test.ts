import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Admin, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { beforeEach, describe, expect, it } from 'vitest'
import type { DevKafka } from '../dev-kafka.ts'
import { DevKafkaError } from '../dev-kafka-error.ts'
import { probeCluster } from '../probe/probe-cluster.ts'
import { startKafka } from '../start-kafka.ts'
import { findJava, findMaven } from './java-tools.ts'

const missing = [await findJava(), await findMaven()].flatMap(tool =>
  typeof tool === 'object' && 'missing' in tool ? [tool.missing] : [],
)

// A first run fetches the jars, on whatever line there is.
describe('a Kafka on a JVM', { timeout: 240_000 }, () => {
  beforeEach(context => {
    if (missing.length > 0) context.skip(`this machine has ${missing.join(' and ')}`)
  })

  it('serves as one broker, with the settings asked for, and keeps its data over a restart', async () => {
    await using kafka = await startKafka({ from: 'jvm', config: { 'message.max.bytes': '123456' } })
    expect(kafka).toMatchObject({ source: 'jvm', version: '4.4.0', brokerIds: [1] })
    await withAdmin(kafka, async admin => {
      await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 3 }] })
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: ConfigResourceTypes.BROKER, name: '1' }],
      })
      const entries = resources[0]?.configEntries ?? []
      expect(entries.find(({ configName }) => configName === 'message.max.bytes')?.configValue).toBe('123456')
    })

    expect([...kafka.dataDirectories.keys()]).toEqual([1])
    expect(await readdir(kafka.dataDirectories.get(1)!)).toContain('kept-0')

    await kafka.stopBroker(1)
    await expect(probeCluster('127.0.0.1', portOf(kafka))).rejects.toThrow('ECONNREFUSED')
    await kafka.startBroker(1)
    await withAdmin(kafka, async admin => expect(await admin.listTopics()).toContain('kept'))
    await kafka.freezeBroker(1)
    await expect(probeCluster('127.0.0.1', portOf(kafka), 500)).rejects.toThrow('no answer within 500 ms')
    await kafka.resumeBroker(1)
    await withAdmin(kafka, async admin => expect(await admin.listTopics()).toContain('kept'))
    await kafka.killBroker(1)
    await kafka.startBroker(1)
    await withAdmin(kafka, async admin => expect(await admin.listTopics()).toContain('kept'))

    expect(kafka.logs()).toContain('Kafka Server started')
    await expect(kafka.stopBroker(2)).rejects.toMatchObject({ code: 'DEV_KAFKA_USAGE' })
  })

  it('serves as three brokers, also while one of them is killed', async () => {
    await using kafka = await startKafka({ from: 'jvm', brokers: 3 })
    const topic = 'replicated'
    await withAdmin(kafka, async admin => {
      await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 3 }] })
    })
    await kafka.killBroker(2)
    await withAdmin(kafka, async admin => {
      const leaders = async () => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
        return topics[0]?.partitions.map(({ leader }) => leader) ?? []
      }
      while ((await leaders()).some(leader => leader !== 1 && leader !== 3)) await sleep(100)
      expect(await leaders()).toHaveLength(3)
    })
    await kafka.startBroker(2)
    const seen = await Promise.all(
      kafka.brokers.split(',').map(address => probeCluster('127.0.0.1', Number(address.split(':')[1]))),
    )
    expect(seen.map(brokers => brokers.map(({ id }) => id))).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ])
  })

  it('ends with its parent, even one that is killed with SIGKILL, and leaves no files', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'killed-parent-'))
    const cli = fileURLToPath(new URL('../cli.ts', import.meta.url))
    const parent = spawn(process.execPath, [cli, '--from', 'jvm'], {
      env: { ...process.env, TMPDIR: scratch },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [address] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
    const port = Number(address.split(':')[1])
    expect(await probeCluster('127.0.0.1', port)).toHaveLength(1)

    parent.kill('SIGKILL')
    await once(parent, 'exit')
    const left = async () => (await readdir(scratch)).filter(name => name.startsWith('dev-kafka-'))
    while ((await left()).length > 0) await sleep(20)
    await expect(probeCluster('127.0.0.1', port)).rejects.toThrow('ECONNREFUSED')
    await rm(scratch, { recursive: true })
  })

  it('says why a start failed and where the logs are kept', async () => {
    const error = await failure(startKafka({ from: 'jvm', config: { 'log.segment.bytes': 'many' } }))
    expect(error.message).toMatch(/broker 1: it ended with exit status 1/)
    expect(error.hint).toMatch(/Invalid value many for configuration log.segment.bytes/)
    expect(error.logs).toEqual(['broker-1.log', 'broker-1.properties'])
  })

  it('does not take another port than the one asked for', async () => {
    const taken = await listen()
    const { port } = taken.address() as { port: number }
    const started = startKafka({ from: 'jvm', port })
    await expect(started).rejects.toMatchObject({ code: 'DEV_KAFKA_PORT_IN_USE' })
    taken.close()
  })
})

/** The error of a start that must fail, and the names of the logs it kept, which are deleted then. */
async function failure(started: Promise<DevKafka>): Promise<DevKafkaError & { logs: string[] }> {
  const error = await started.then(
    () => new Error('it started'),
    (caught: unknown) => caught,
  )
  if (!(error instanceof DevKafkaError) || error.code !== 'DEV_KAFKA_START_FAILED') throw error
  const kept = /logs are in (\S+)\. /.exec(error.hint)?.[1] ?? 'no path in the hint'
  const logs = await readdir(kept)
  await rm(kept, { recursive: true })
  return Object.assign(error, { logs: logs.sort() })
}

function listen(): Promise<Server> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })
}

function portOf(kafka: DevKafka): number {
  return Number(kafka.brokers.split(':')[1])
}

async function withAdmin(kafka: DevKafka, work: (admin: Admin) => Promise<void>): Promise<void> {
  const admin = new Kafka({ brokers: kafka.brokers.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.disconnect()
  }
}
