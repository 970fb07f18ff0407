import { expect, it } from 'vitest'
import { parseBrokers } from './parse-brokers.ts'

it.each([
  ['localhost:9092', [{ host: 'localhost', port: 9092 }]],
  [
    'one:1, two:65535',
    [
      { host: 'one', port: 1 },
      { host: 'two', port: 65_535 },
    ],
  ],
  [
    ['one:1', '[::1]:2'],
    [
      { host: 'one', port: 1 },
      { host: '::1', port: 2 },
    ],
  ],
])('reads %j', (brokers, addresses) => {
  expect(parseBrokers(brokers)).toEqual(addresses)
})

it.each([
  undefined,
  null,
  '',
  [],
  [''],
  'localhost',
  'localhost:',
  ':9092',
  'a:0',
  'a:65536',
  'http://a:1',
  9092,
  [{}],
])('refuses %j and says what is expected', brokers => {
  expect(() => parseBrokers(brokers)).toThrow(
    expect.objectContaining({
      code: 'MILLRACE_CONFIG_INVALID',
      message: expect.stringContaining('each as host:port') as unknown,
    }),
  )
})
