import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'
import type { Instance, InstanceListener } from './instance.ts'

const PARTITIONS = 4
const RECORDS = 400
const TAIL = 8

interface Started {
  readonly instance: Instance
  /** How many records were restored, by task. */
  readonly restored: Map<string, number>
}

/** Two instances count by key; the first one goes. What the second one restores of each task that it takes over. */
async function takeOver(numStandbyReplicas: number, guarantee: 'exactly_once' | 'at_least_once') {
  const app = testApplication({ in: PARTITIONS })
  const send = (from: number, count: number) =>
    app.send(
      'in',
      Array.from({ length: count }, (_, at) => {
        const i = from + at
        return { value: `key-${i}`, partition: i % PARTITIONS, timestamp: i }
      }),
    )
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })

  const start = async (name: string): Promise<Started> => {
    const restored = new Map<string, number>()
    const options = {
      processId: name,
      processingGuarantee: guarantee,
      numStandbyReplicas,
      acceptableRecoveryLag: 0,
      probingRebalanceIntervalMs: 1000,
    }
    const onRestoreEnd: InstanceListener['onRestoreEnd'] = ({ task, restored: count }) =>
      void restored.set(task, (restored.get(task) ?? 0) + count)
    const instance = await app.start(builder.build(), options, { listener: { onRestoreEnd } })
    return { instance, restored }
  }
  const run = (started: readonly Started[], rounds: number) =>
    app.run(
      started.map(({ instance }) => instance),
      rounds,
    )

  const first = await start('a')
  const second = await start('b')
  await send(0, RECORDS)
  await run([first, second], 100)
  const owned = first.instance.tasks.map(({ name }) => name)
  const before = second.instance.tasks.map(({ name }) => name)
  await send(RECORDS, TAIL)
  await run([first, second], 15)
  second.restored.clear()
  await first.instance.end({ clean: true, leave: true })
  await run([second], 60)
  const now = second.instance.tasks.map(({ name }) => name)
  await second.instance.end({ clean: true, leave: true })
  return { owned, before, now, restored: owned.map(task => second.restored.get(task)) }
}

it.each(['exactly_once', 'at_least_once'] as const)(
  'a standby takes over and restores nothing but the tail, %s',
  async guarantee => {
    const { owned, before, now, restored } = await takeOver(1, guarantee)
    expect(owned.length).toBe(2)
    expect(before.length).toBe(2)
    expect(now.length).toBe(PARTITIONS)
    for (const records of restored) expect(records).toBeLessThanOrEqual(TAIL)
  },
)

it('without standbys everything is restored', async () => {
  const { owned, now, restored } = await takeOver(0, 'exactly_once')
  expect(owned.length).toBe(2)
  expect(now.length).toBe(PARTITIONS)
  expect(restored).toEqual([(RECORDS + TAIL) / PARTITIONS, (RECORDS + TAIL) / PARTITIONS])
})
