import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { Metrics } from '../observe/metrics.ts'
import { Instance } from './instance.ts'

it('tells every instance where the tasks and stores of the others are', async () => {
  const clock = new ManualClock(1_000)
  const cluster = new MemoryCluster({ clock })
  for (const name of ['in', 'names']) cluster.createTopic({ name, partitions: 3 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
  builder.globalTable('names', { key: string(), value: string(), store: 'names' })
  const nothing = () => undefined
  const start = async (name: string, applicationServer?: string) => {
    const options = resolveOptions({
      applicationId: 'app',
      processId: name,
      client: memoryClient(cluster),
      clock,
      logger: silentLogger,
      numStandbyReplicas: 1,
      ...(applicationServer !== undefined && { applicationServer }),
    })
    const instance = new Instance(builder.build(), options, new Metrics(), {
      onRebalancing: nothing,
      onWaiting: nothing,
      onRestoreStart: nothing,
      onRestoreProgress: nothing,
      onRestoreEnd: nothing,
    })
    await instance.begin(new AbortController().signal)
    return instance
  }
  const instances = [await start('a', 'a.example:80'), await start('b', 'b.example:80'), await start('c')]
  expect(instances[0]!.metadata).toEqual([])
  for (let round = 0; round < 40; round++) {
    for (const instance of instances) await instance.step(0)
    await clock.advance(100)
  }
  const [a, b, c] = instances
  expect(b!.metadata).toEqual(a!.metadata)
  expect(c!.metadata).toEqual(a!.metadata)
  const byHost = new Map(a!.metadata.map(one => [one.host, one]))
  // One that has no address cannot be asked.
  expect([...byHost.keys()].sort()).toEqual(['a.example:80', 'b.example:80'])
  for (const [host, instance] of [['a.example:80', a] as const, ['b.example:80', b] as const]) {
    const { activeTasks, standbyTasks, stores, standbyStores } = byHost.get(host)!
    expect(activeTasks).toEqual(instance!.tasks.map(({ name }) => name))
    expect(activeTasks.length).toBe(1)
    expect(standbyTasks.length).toBe(1)
    expect(standbyTasks).not.toEqual(activeTasks)
    expect(stores).toEqual(['counts', 'names'])
    expect(standbyStores).toEqual(['counts'])
  }
  for (const instance of instances) await instance.end({ clean: true, leave: true })
})
