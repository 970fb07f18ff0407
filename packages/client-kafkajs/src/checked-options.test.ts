import { expect, it } from 'vitest'
import { brokerList, checkOptions } from './checked-options.ts'
import { kafkajs } from './kafkajs.ts'

it.each([
  undefined,
  null,
  '',
  ' ',
  [],
  9092,
  {},
  ['127.0.0.1:1', undefined],
  ['127.0.0.1:1', ''],
  '127.0.0.1:1,',
  'localhost',
  'kafka://localhost:9092',
  'localhost:kafka',
  'localhost:0',
  'localhost:99999',
  'localhost:9092/',
  'user:password@localhost:9092',
  '::1:9092',
  'local host:9092',
  ':9092',
])('brokers: %j', brokers => {
  expect(() => kafkajs({ brokers: brokers as string })).toThrow(
    expect.objectContaining({
      code: 'MILLRACE_CONFIG_INVALID',
      kind: 'config',
      message: expect.stringContaining('The option brokers is') as unknown,
    }),
  )
})

it.each([
  ['localhost:9092', ['localhost:9092']],
  [' a:1 , b-2.example.com:65535 ', ['a:1', 'b-2.example.com:65535']],
  [['[::1]:9092'], ['[::1]:9092']],
  [Object.freeze(['kafka_1:9092']), ['kafka_1:9092']],
])('brokers: %j are accepted', (brokers, list) => {
  expect(brokerList(brokers)).toEqual(list)
})

it.each<[string, readonly unknown[]]>([
  ['connectionTimeout', [0, -1, NaN, Infinity, 0.5, '1000', 2 ** 31, null]],
  ['requestTimeout', [0, -1, NaN, Infinity, 0.5, '1000', 2 ** 31, null]],
  ['authenticationTimeout', [0, NaN, '1000', 2 ** 31]],
  ['reauthenticationThreshold', [-1, NaN, '1000']],
  ['clientId', ['', 1, {}]],
  ['ssl', ['true', 1, null]],
  ['socketFactory', [{}, null]],
  ['sasl', ['plain', {}, null]],
  ['retry', [5, null]],
  ['retry.retries', [-1, NaN, '5']],
  ['retry.initialRetryTime', [-1, NaN, 2 ** 31]],
  ['retry.maxRetryTime', [-1, NaN, 2 ** 31]],
])('%s', (option, wrong) => {
  const [outer = '', inner] = option.split('.')
  for (const value of wrong) {
    const options = { brokers: 'localhost:9092', [outer]: inner === undefined ? value : { [inner]: value } }
    expect(() => checkOptions(options), String(value)).toThrow(`MILLRACE_CONFIG_INVALID: The option ${option} is`)
  }
})

it.each([undefined, null, 'localhost:9092', { kafka: undefined }, { kafka: {} }])('options: %j', options => {
  expect(() => kafkajs(options as never)).toThrow('MILLRACE_CONFIG_INVALID')
})

it('a secret is not shown', () => {
  const options = { brokers: 'localhost:9092', sasl: { username: 'me', password: 'secret' } }
  let message = ''
  try {
    checkOptions(options as never)
  } catch (error) {
    message = String(error)
  }
  expect(message).toContain('The option sasl is')
  expect(message).not.toContain('secret')
})
