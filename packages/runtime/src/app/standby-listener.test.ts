import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { NO_HEADERS, StreamsBuilder, string, systemClock } from '@millrace/core'
import { expect, it, vi } from 'vitest'
import { silentLogger } from '../observe/console-logger.ts'
import { KafkaStreams } from './kafka-streams.ts'
import type { StreamsEvents } from './streams-events.ts'

const RECORDS = 40
const TASKS = ['0_0', '0_1']

/** One of two processes, and what it tells of its standbys and of restoring. */
async function process(cluster: MemoryCluster, processId: string) {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
  const streams = new KafkaStreams(builder.build(), {
    applicationId: 'app',
    processId,
    client: memoryClient(cluster),
    logger: silentLogger,
    numStandbyReplicas: 1,
    commitIntervalMs: 20,
    caching: 'off',
  })
  const told = {
    standbyUpdateStart: [] as StreamsEvents['standbyUpdateStart'][0][],
    standbyBatchLoaded: [] as StreamsEvents['standbyBatchLoaded'][0][],
    standbyUpdateSuspended: [] as StreamsEvents['standbyUpdateSuspended'][0][],
  }
  streams.on('standbyUpdateStart', event => void told.standbyUpdateStart.push(event))
  streams.on('standbyBatchLoaded', event => void told.standbyBatchLoaded.push(event))
  streams.on('standbyUpdateSuspended', event => void told.standbyUpdateSuspended.push(event))
  await streams.start()
  /** What has begun and not ended. */
  const ended = (of: string) => told.standbyUpdateSuspended.filter(({ task }) => task === of).length
  const following = () => told.standbyUpdateStart.filter(({ task }) => ended(task) === 0)
  return { streams, told, following }
}

const eventually = (ask: () => void) => vi.waitFor(ask, { timeout: 20_000 })

it('tells when a standby begins, how far it is, and why it ends', { timeout: 60_000 }, async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: TASKS.length })
  const first = await process(cluster, 'a')
  const second = await process(cluster, 'b')
  // On its way to its task, the second one has had a copy of it.
  await eventually(() => {
    for (const { streams, following } of [first, second]) {
      expect(streams.tasks().length).toBe(1)
      expect(following().length).toBe(1)
    }
  })
  const [start] = second.following()
  const { task } = start!
  const producer = memoryClient(cluster)({ clientId: 't', clock: systemClock, logger: silentLogger }).producer({})
  await producer.init()
  for (let i = 0; i < RECORDS; i++) {
    const key = Buffer.from(`k${i}`)
    producer.topic('in').append(i % TASKS.length, i, key, 0, key.length, key, 0, key.length, NO_HEADERS)
  }
  await producer.flush()
  const perTask = RECORDS / TASKS.length
  const loaded = () => second.told.standbyBatchLoaded.filter(event => event.task === task)
  await eventually(() => expect(loaded().reduce((sum, { records }) => sum + records, 0)).toBe(perTask))
  const where = { task, store: 'counts', topic: 'app-counts-changelog', partition: TASKS.indexOf(task) }
  expect(start).toEqual({ ...where, position: 0, end: 0 })
  expect(loaded().at(-1)).toMatchObject({ ...where, position: perTask, end: perTask })

  await first.streams.close()
  await eventually(() => expect(second.following()).toEqual([]))
  expect(second.told.standbyUpdateSuspended.at(-1)).toEqual({
    ...where,
    position: perTask,
    end: perTask,
    reason: 'promoted',
  })
  expect(first.told.standbyUpdateSuspended.at(-1)).toMatchObject({ reason: 'migrated' })
  await second.streams.close()
})
