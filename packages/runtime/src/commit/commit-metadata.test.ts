import { expect, it } from 'vitest'
import { decodePartitionTime, encodePartitionTime } from './commit-metadata.ts'

it.each([-1, 0, 1_700_000_000_000, Number.MAX_SAFE_INTEGER])('keeps a partition time of %d', time => {
  expect(decodePartitionTime(encodePartitionTime(time))).toBe(time)
})

it('reads what Kafka Streams wrote', () => {
  // TopicPartitionMetadata(5, empty) of kafka-streams: version 2, then the time.
  expect(decodePartitionTime(Buffer.from('020000000000000005', 'hex').toString('base64'))).toBe(5)
  expect(decodePartitionTime(Buffer.from('010000000000000007', 'hex').toString('base64'))).toBe(7)
})

it.each([undefined, '', 'AA==', 'not base64 !', 'CQAAAAAAAAAF'])('takes %j for no time', metadata => {
  expect(decodePartitionTime(metadata)).toBe(-1)
})
