import { expect, it } from 'vitest'
import { parseAddress, useEnvKafka } from './env-kafka.ts'
import { freePorts } from './free-ports.ts'

it.each([
  ['localhost:9093', { host: 'localhost', port: 9093 }],
  [' broker.example ', { host: 'broker.example', port: 9092 }],
  ['[::1]:19092', { host: '::1', port: 19_092 }],
])('reads the address %j', (address, parsed) => {
  expect(parseAddress(address)).toEqual(parsed)
})

it.each([[''], [':9092'], ['a:b:c'], ['host:port']])('refuses the address %j', address => {
  expect(() => parseAddress(address)).toThrow(expect.objectContaining({ code: 'DEV_KAFKA_USAGE' }))
})

it('says which brokers of KAFKA_BROKERS do not answer', async () => {
  const [port] = await freePorts(1)
  const used = useEnvKafka(`127.0.0.1:${port}`)
  await expect(used).rejects.toMatchObject({
    code: 'DEV_KAFKA_UNREACHABLE',
    message: expect.stringContaining(`127.0.0.1:${port}`),
  })
})
