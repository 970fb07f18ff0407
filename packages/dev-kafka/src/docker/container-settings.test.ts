import { expect, it } from 'vitest'
import { KAFKA_RELEASES } from '../kafka-release.ts'
import { containerSettings, environmentName } from './container-settings.ts'

// There is no container engine where these tests run, so what is decided before one is asked is all that they can show.
const options = { release: KAFKA_RELEASES['4.1'], config: { 'group.max_size': '7' } }

it.each([
  ['log.retention.ms', 'KAFKA_LOG_RETENTION_MS'],
  ['group.max_size', 'KAFKA_GROUP_MAX__SIZE'],
  ['listener-name', 'KAFKA_LISTENER___NAME'],
  ['a._-b', 'KAFKA_A______B'],
])('writes the setting %s as %s', (setting, name) => {
  expect(environmentName(setting)).toBe(name)
})

it('advertises to clients the address under which this machine publishes the port', () => {
  const [only] = containerSettings(options, 'docker.local', [30_001], 'cluster')
  expect(only).toMatchObject({ id: 1, image: 'apache/kafka:4.1.2', alias: 'kafka-1', port: 30_001 })
  expect(only?.environment).toMatchObject({
    CLUSTER_ID: 'cluster',
    KAFKA_LISTENERS: 'CLIENT://:30001,BROKER://:29092,CONTROLLER://:29093',
    KAFKA_ADVERTISED_LISTENERS: 'CLIENT://docker.local:30001,BROKER://kafka-1:29092',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'BROKER',
    KAFKA_GROUP_MAX__SIZE: '7',
  })
})

it('lets three containers find each other by their aliases', () => {
  const three = containerSettings(options, 'localhost', [1, 2, 3], 'cluster')
  expect(three.map(({ alias }) => alias)).toEqual(['kafka-1', 'kafka-2', 'kafka-3'])
  expect(new Set(three.map(({ environment }) => environment['KAFKA_CONTROLLER_QUORUM_VOTERS']))).toEqual(
    new Set(['1@kafka-1:29093,2@kafka-2:29093,3@kafka-3:29093']),
  )
  expect(three.map(({ environment }) => environment['KAFKA_NODE_ID'])).toEqual(['1', '2', '3'])
  expect(three[0]?.environment['KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR']).toBe('3')
})
