import { expect, it } from 'vitest'
import { decodeCloseTimes, decodePartitionTime, encodeCommitMetadata } from './commit-metadata.ts'

it.each([-1, 0, 1_700_000_000_000, Number.MAX_SAFE_INTEGER])('keeps a partition time of %d', time => {
  const closeTimes = new Map([
    ['per-minute', time],
    ['café', 0],
  ])
  expect(decodePartitionTime(encodeCommitMetadata(time, new Map()))).toBe(time)
  expect(decodePartitionTime(encodeCommitMetadata(time, closeTimes))).toBe(time)
  expect(decodeCloseTimes(encodeCommitMetadata(time, closeTimes))).toEqual(closeTimes)
})

it('reads what Kafka Streams wrote', () => {
  // TopicPartitionMetadata(5, empty) of kafka-streams: version 2, then the time.
  expect(decodePartitionTime(Buffer.from('020000000000000005', 'hex').toString('base64'))).toBe(5)
  expect(decodePartitionTime(Buffer.from('010000000000000007', 'hex').toString('base64'))).toBe(7)
  // The same with { windows: 9 }.
  const withCloseTime = Buffer.from('020000000000000005000000010000000777696e646f77730000000000000009', 'hex')
  expect(decodeCloseTimes(withCloseTime.toString('base64'))).toEqual(new Map([['windows', 9]]))
})

it.each([undefined, '', 'AA==', 'not base64 !', 'CQAAAAAAAAAF'])('takes %j for no time', metadata => {
  expect(decodePartitionTime(metadata)).toBe(-1)
  expect(decodeCloseTimes(metadata)).toEqual(new Map())
})
