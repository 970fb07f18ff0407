import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, NO_HEADERS } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { expect, it } from 'vitest'
import type { HistoryRecord } from '../history/history.ts'
import { OnceWatch } from './once-watch.ts'
import { APPLICATION_ID } from './process-world.ts'

const INPUT = { topic: 'in', partition: 0 }
const RECORDS: readonly HistoryRecord[] = [0, 1, 2].map(offset => ({
  ...{ ...INPUT, offset, timestamp: offset, key: null, value: null, headers: NO_HEADERS },
  fate: 'committed' as const,
}))

/** A watch of a group that has committed the whole input, one commit of which was asked for. */
async function watched() {
  const clock = new ManualClock()
  const cluster = new MemoryCluster({ clock })
  cluster.createTopic({ name: INPUT.topic, partitions: 1 })
  const watch = new OnceWatch(cluster, text => expect.fail(text))
  const failed = watch.commits('p1', [{ ...INPUT, offset: 3 }])
  expect(watch.idle).toBe(false)
  const admin = memoryClient(cluster)({ clientId: 'test', clock, logger: silentLogger }).admin()
  await admin.alterOffsets(APPLICATION_ID, [{ ...INPUT, offset: 3 }])
  return { watch, failed, lost: () => watch.violations([INPUT.topic], RECORDS).length }
}

it('a commit that is refused puts nothing in flight: its member has nothing to process', async () => {
  const { watch, failed, lost } = await watched()
  failed('no')
  expect(watch.idle).toBe(true)
  // Somebody else has committed it.
  expect(lost()).toBe(3)
})

it('a commit without an answer may have been carried out, and what it covers may be lost', async () => {
  const { watch, failed, lost } = await watched()
  failed('perhaps')
  expect(watch.idle).toBe(true)
  expect(lost()).toBe(0)
})

it('what is processed after a commit was refused is not lost', async () => {
  const { watch, failed, lost } = await watched()
  failed('no')
  for (const { offset } of RECORDS) watch.sees('p2', { ...INPUT, offset })
  expect(lost()).toBe(0)
})
