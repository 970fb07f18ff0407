import { expect, it } from 'vitest'
import { decodeMetadataResponse, encodeMetadataRequest } from './probe-cluster.ts'

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex')

it('asks for the brokers and no topic', () => {
  const header = hex('00000018', '0003', '0007', '00000001', '0009', Buffer.from('dev-kafka').toString('hex'))
  expect(encodeMetadataRequest()).toEqual(Buffer.concat([header, hex('00000000', '00')]))
})

const two = [
  ['00000003', '000161', '00002384', 'ffff'],
  ['00000001', '00026263', '00002385', '000172'],
].flat()

it.each([
  ['no broker', hex('00000001', '00000000', '00000000'), []],
  [
    'brokers in any order, with and without a rack',
    hex('00000001', '00000000', '00000002', ...two, 'ffff00000001'),
    [
      { id: 1, host: 'bc', port: 9093 },
      { id: 3, host: 'a', port: 9092 },
    ],
  ],
])('reads %s', (_what, response, brokers) => {
  expect(decodeMetadataResponse(response)).toEqual(brokers)
})
