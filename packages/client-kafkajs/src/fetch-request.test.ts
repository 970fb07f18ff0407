import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeFetchResponse } from './fetch-request.ts'

const records = Buffer.from('the record batches')

/** One topic with one partition and one aborted transaction. */
function answer(version: number): Buffer {
  const int16 = (value: number) => Buffer.from([value >> 8, value])
  const int32 = (value: number) => Buffer.from([value >> 24, value >> 16, value >> 8, value])
  const int64 = (value: number) => Buffer.concat([int32(0), int32(value)])
  return Buffer.concat([
    int32(77),
    ...(version >= 7 ? [int16(0), int32(5)] : []),
    int32(1),
    int16(6),
    Buffer.from('orders'),
    int32(1),
    ...[int32(3), int16(0), int64(1000), int64(900)],
    ...(version >= 5 ? [int64(10)] : []),
    ...[int32(1), int64(4711), int64(800)],
    ...(version >= 11 ? [int32(-1)] : []),
    int32(records.length),
    records,
  ])
}

it.each([4, 5, 6, 7, 8, 9, 10, 11])('reads an answer of version %i', version => {
  expect(decodeFetchResponse(answer(version), version)).toEqual({
    clientSideThrottleTime: version >= 8 ? 77 : 0,
    responses: [
      {
        topicName: 'orders',
        partitions: [
          {
            partition: 3,
            errorCode: 0,
            highWatermark: 1000,
            lastStableOffset: 900,
            abortedTransactions: [{ producerId: 4711, firstOffset: 800 }],
            records,
          },
        ],
      },
    ],
  })
})

it('refuses an answer that is cut off or damaged, or gives something, but reads nothing beyond it', () => {
  const damaged = fc
    .tuple(fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }))
    .map(([cut, flips]) => {
      const bytes = answer(11)
      for (const [at, byte] of flips) bytes[at % bytes.length] = byte
      return bytes.subarray(0, cut % (bytes.length + 1))
    })
  fc.assert(
    fc.property(damaged, bytes => {
      try {
        const { responses } = decodeFetchResponse(bytes, 11)
        for (const { partitions } of responses) {
          for (const each of partitions) expect(each.records.length).toBeLessThanOrEqual(bytes.length)
        }
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }),
    { numRuns: 1000 },
  )
})
