import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

it('tells every instance where the tasks and stores of the others are', async () => {
  const app = testApplication({ in: 3, names: 3 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
  builder.globalTable('names', { key: string(), value: string(), store: 'names' })
  const start = (processId: string, applicationServer?: string) =>
    app.start(builder.build(), {
      processId,
      numStandbyReplicas: 1,
      ...(applicationServer !== undefined && { applicationServer }),
    })
  const instances = [await start('a', 'a.example:80'), await start('b', 'b.example:80'), await start('c')]
  expect(instances[0]!.metadata).toEqual([])
  await app.run(instances, 40)
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
