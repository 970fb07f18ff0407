import { type Assignor, type ClientFactory, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { decodeMemberData } from '../group/classic/member-data.ts'
import { testApplication } from './application.fixture.ts'

it('the leader is told the state of a standby also while the task that takes it over starts', async () => {
  const app = testApplication({ in: 1 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
  const plan = builder.build()
  const options = { numStandbyReplicas: 1, acceptableRecoveryLag: 0, caching: 'off' } as const

  let assignor: Assignor | undefined
  let open: (() => void) | undefined
  const gate = new Promise<void>(resolve => (open = resolve))
  /** Its assignor is at hand, and tasks that start wait for their committed offsets until the gate is open. */
  const waiting: ClientFactory = context => {
    const client = app.factory(context)
    const join = client.groupConsumer.bind(client)
    const groupConsumer: typeof client.groupConsumer = given => {
      const consumer = join(given)
      const [readCommitted, follow] = [consumer.committed.bind(consumer), consumer.subscribe.bind(consumer)]
      const committed: typeof readCommitted = async partitions => {
        await gate
        return await readCommitted(partitions)
      }
      const subscribe: typeof follow = subscription => {
        assignor = subscription.assignor
        follow(subscription)
      }
      return Object.assign(consumer, { committed, subscribe })
    }
    return Object.assign(client, { groupConsumer })
  }
  const told = () => decodeMemberData(assignor!.userData())

  const first = await app.start(plan, { ...options, processId: 'a' })
  await app.run([first], 20)
  const second = await app.start(plan, { ...options, processId: 'b', client: waiting })
  await app.send('in', [{ value: 'x' }, { value: 'y' }, { value: 'z' }])
  await app.run([first, second], 100)
  expect(first.tasks.map(({ processed }) => processed)).toEqual([3])
  expect([...told().positions]).toEqual([['0_0', 3]])

  await first.end({ clean: true, leave: true })
  await app.run([second], 30)
  expect(second.ready).toBe(false)
  expect(told().active).toEqual([{ subTopology: 0, partition: 0 }])
  expect([...told().positions]).toEqual([['0_0', 3]])

  open!()
  await app.run([second], 30)
  expect(second.ready).toBe(true)
  await second.end({ clean: true, leave: true })
  await app.client.close()
})
