import { expect, it } from 'vitest'
import { combinedModeConfig, commonBrokerConfig } from './broker-config.ts'
import { KAFKA_RELEASES } from './kafka-release.ts'

const broker = (id: number) => ({ id, host: '127.0.0.1', port: 9000 + id, controllerPort: 9100 + id })

it.each([
  [1, '1'],
  [3, '3'],
])('replicates internal topics over %i brokers as far as there are some', (count, replicas) => {
  const config = commonBrokerConfig(count, KAFKA_RELEASES['4.3'], {})
  expect(config).toMatchObject({
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': '1',
    'log.retention.ms': '-1',
  })
})

it.each([
  ['3.9', 'classic,consumer'],
  ['4.1', 'classic,consumer,streams'],
  ['4.3', 'classic,consumer,streams'],
  ['4.4', 'classic,consumer,streams'],
] as const)('turns on every rebalance protocol that %s knows', (version, protocols) => {
  const config = commonBrokerConfig(1, KAFKA_RELEASES[version], {})
  expect(config['group.coordinator.rebalance.protocols']).toBe(protocols)
})

it('lets the settings of the caller win over its own and over those of the broker', () => {
  const custom = { 'log.retention.ms': '1000', 'node.rack': 'a' }
  const config = combinedModeConfig(
    broker(1),
    [broker(1)],
    '/data',
    commonBrokerConfig(1, KAFKA_RELEASES['4.3'], custom),
  )
  expect(config).toMatchObject({ ...custom, 'node.id': '1', 'log.dirs': '/data' })
})

it('names all three brokers as voters, and each by its own address', () => {
  const all = [broker(1), broker(2), broker(3)]
  const config = combinedModeConfig(broker(2), all, '/data', {})
  expect(config['controller.quorum.voters']).toBe('1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103')
  expect(config['listeners']).toBe('PLAINTEXT://127.0.0.1:9002,CONTROLLER://127.0.0.1:9102')
})
