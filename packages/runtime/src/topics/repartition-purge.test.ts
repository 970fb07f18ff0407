import { type Admin, type Logger, ManualClock, millraceError, type TopicPartitionOffset } from '@millrace/core'
import { expect, it } from 'vitest'
import { RepartitionPurge, type RepartitionPurgeOptions } from './repartition-purge.ts'

const nothing = () => {}

function purgeOf(
  deleteRecords: Admin['deleteRecords'],
  intervalMs = 1_000,
  exactlyOnce: Pick<RepartitionPurgeOptions, 'stableOffsets'> = {},
) {
  const clock = new ManualClock(0)
  const warnings: string[] = []
  const logger: Logger = {
    debug: nothing,
    info: nothing,
    warn: (_fields, text) => void warnings.push(text),
    error: nothing,
  }
  const isPurged = (topic: string) => topic.endsWith('-repartition')
  return {
    clock,
    warnings,
    purge: new RepartitionPurge({ admin: { deleteRecords }, clock, logger, intervalMs, isPurged, ...exactlyOnce }),
  }
}

const at = (offset: number, topic = 'r-repartition', partition = 0) => ({ topic, partition, offset, metadata: '' })
const plain = (offset: number, partition = 0) => ({ topic: 'r-repartition', partition, offset })
const microtasks = () => new Promise(resolve => setImmediate(resolve))

it('deletes up to the last committed offsets, once in an interval, and of repartition topics only', async () => {
  const calls: (readonly TopicPartitionOffset[])[] = []
  const { clock, purge } = purgeOf(async before => void calls.push(before))
  purge.committed([at(3), at(0, 'r-repartition', 1), at(9, 'input')])
  purge.purgeIfDue()
  expect(calls).toEqual([])
  await clock.advance(1_000)
  purge.committed([at(5)])
  purge.purgeIfDue()
  await microtasks()
  expect(calls).toEqual([[plain(5)]])
  await clock.advance(5_000)
  purge.purgeIfDue()
  expect(calls, 'nothing was committed since').toHaveLength(1)
  purge.committed([at(6), at(2, 'r-repartition', 1)])
  purge.purgeIfDue()
  await microtasks()
  expect(calls.at(-1)).toEqual([plain(6), plain(2, 1)])
})

it('keeps the input of a transaction whose markers are missing, until they are written', async () => {
  const calls: (readonly TopicPartitionOffset[])[] = []
  let stable = [plain(7, 1)]
  const { clock, purge } = purgeOf(async before => void calls.push(before), 1_000, {
    stableOffsets: async () => stable,
  })
  purge.committed([at(5), at(6, 'r-repartition', 1)])
  await clock.advance(1_000)
  purge.purgeIfDue()
  await microtasks()
  expect(calls).toEqual([[plain(6, 1)]])
  stable = [plain(3), plain(7, 1)]
  await clock.advance(1_000)
  purge.purgeIfDue()
  await microtasks()
  expect(calls).toHaveLength(1)
  stable = [plain(5)]
  await clock.advance(1_000)
  purge.purgeIfDue()
  await microtasks()
  expect(calls).toEqual([[plain(6, 1)], [plain(5)]])
})

it('does not begin a second purge beside the first, and keeps what was committed meanwhile', async () => {
  const calls: (readonly TopicPartitionOffset[])[] = []
  const answers: (() => void)[] = []
  const { clock, purge } = purgeOf(before => {
    calls.push(before)
    return new Promise(resolve => answers.push(resolve))
  })
  purge.committed([at(1)])
  await clock.advance(1_000)
  purge.purgeIfDue()
  purge.committed([at(2)])
  await clock.advance(1_000)
  purge.purgeIfDue()
  await microtasks()
  expect(calls).toEqual([[plain(1)]])
  answers[0]!()
  await microtasks()
  purge.purgeIfDue()
  await microtasks()
  expect(calls).toEqual([[plain(1)], [plain(2)]])
})

it('logs a failure and deletes with the next purge', async () => {
  const calls: (readonly TopicPartitionOffset[])[] = []
  const { clock, purge, warnings } = purgeOf(async before => {
    calls.push(before)
    if (calls.length === 1) throw millraceError('MILLRACE_TOPIC_MISSING', { topic: 'r-repartition' })
  })
  purge.committed([at(4)])
  await clock.advance(1_000)
  purge.purgeIfDue()
  await microtasks()
  expect(warnings).toEqual([expect.stringContaining('retrying at the next purge')])
  purge.purgeIfDue()
  expect(calls, 'not before the interval is over').toHaveLength(1)
  await clock.advance(1_000)
  purge.purgeIfDue()
  await microtasks()
  expect(calls).toEqual([[plain(4)], [plain(4)]])
  expect(warnings).toHaveLength(1)
})

it('does nothing with an interval without end, and after it was closed', async () => {
  const calls: unknown[] = []
  const never = purgeOf(async before => void calls.push(before), Number.POSITIVE_INFINITY)
  const closed = purgeOf(async before => void calls.push(before))
  closed.purge.close()
  for (const { clock, purge } of [never, closed]) {
    purge.committed([at(4)])
    await clock.advance(1e12)
    purge.purgeIfDue()
  }
  expect(calls).toEqual([])
})
