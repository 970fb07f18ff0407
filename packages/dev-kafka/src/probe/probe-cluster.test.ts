import { expect, it } from 'vitest'
import { decodeMetadataResponse, encodeMetadataRequest } from './probe-cluster.ts'

it('asks for the brokers and no topic', () => {
  // Metadata version 7, correlation id 1, client "dev-kafka", no topics, none created.
  expect(encodeMetadataRequest().toString('hex')).toBe('0000001800030007000000010009' + '6465762d6b61666b61' + '0000000000')
})

it.each([
  ['no broker', '00000001' + '00000000' + '00000000', []],
  [
    'brokers in any order, with and without a rack',
    '00000001' + '00000000' + '00000002' + //
      '00000003' + '000161' + '00002384' + 'ffff' +
      '00000001' + '00026263' + '00002385' + '000172' +
      'ffff00000001',
    [
      { id: 1, host: 'bc', port: 9093 },
      { id: 3, host: 'a', port: 9092 },
    ],
  ],
])('reads %s', (_what, hex, brokers) => {
  expect(decodeMetadataResponse(Buffer.from(hex, 'hex'))).toEqual(brokers)
})
