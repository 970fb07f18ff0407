import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { StreamsBuilder, string, systemClock } from '@millrace/core'
import { expect, it, vi } from 'vitest'
import { KafkaStreams } from '../app/kafka-streams.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { inspectApplication } from './inspect-application.ts'

const builder = new StreamsBuilder()
builder.stream('words', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
const plan = builder.build()

it.each(['classic', 'streams'] as const)('tells owners and standbys of tasks (%s groups)', async groupProtocol => {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'words', partitions: 2 })
  const client = memoryClient(cluster)
  const admin = client({ clientId: 'test', clock: systemClock, logger: silentLogger }).admin()
  const options = { applicationId: 'app', client, logger: silentLogger, groupProtocol }
  // In a streams group the broker decides.
  const standbys = groupProtocol === 'classic' ? { numStandbyReplicas: 1 } : {}
  const look = () => inspectApplication({ plan, applicationId: 'app', admin })
  expect(await look()).toMatchObject({ group: 'missing', members: [], missingTopics: [] })
  const instances = ['a', 'b'].map(processId => new KafkaStreams(plan, { ...options, processId, ...standbys }))
  await Promise.all(instances.map(instance => instance.start()))
  await vi.waitFor(
    async () => {
      const { group, members, tasks } = await look()
      expect(group).toBe('stable')
      expect(members.map(({ active }) => active.length)).toEqual([1, 1])
      expect(new Set(tasks.map(({ active }) => active))).toEqual(new Set(members.map(({ memberId }) => memberId)))
      if (groupProtocol === 'classic') for (const { standby } of tasks) expect(standby).toHaveLength(1)
    },
    { timeout: 20_000 },
  )
  await Promise.all(instances.map(instance => instance.close()))
  expect(await look()).toMatchObject({ members: [], missingTopics: [] })
})
