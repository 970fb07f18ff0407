import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { checkGroupProtocol } from './check-group-protocol.ts'
import { type KafkaStreamsOptions, resolveOptions } from './options.ts'

const serdes = { key: string(), value: string() }
const plan = (topics: string | RegExp) => {
  const builder = new StreamsBuilder()
  builder.stream(topics, serdes).to('out')
  return builder.build()
}
const options = (more: Partial<KafkaStreamsOptions>) =>
  resolveOptions({ applicationId: 'shop', client: () => expect.fail('not called'), groupProtocol: 'streams', ...more })

it.each([
  [{ numStandbyReplicas: 1 }, 'streams.num.standby.replicas'],
  [{ acceptableRecoveryLag: 0 }, 'streams.acceptable.recovery.lag'],
  [{ maxWarmupReplicas: 3 }, 'streams.num.warmup.replicas'],
  [{ probingRebalanceIntervalMs: 60_000 }, 'leave the option out'],
  [{ rackAwareAssignmentTags: ['zone'] }, 'streams.rack.aware.assignment.tags'],
])('refuses %j, which the broker decides in a streams group', (more, setting) => {
  const check = () => checkGroupProtocol(plan('in'), options(more))
  expect(check).toThrow(expect.objectContaining({ code: 'MILLRACE_CONFIG_INVALID' }))
  expect(check).toThrow(setting)
  expect(() => checkGroupProtocol(plan('in'), options({ ...more, groupProtocol: 'classic' }))).not.toThrow()
})

it('refuses sources that read by pattern', () => {
  const check = () => checkGroupProtocol(plan(/in.*/), options({}))
  expect(check).toThrow(expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID' }))
  expect(check).toThrow('KSTREAM-SOURCE-0000000000')
  expect(() => checkGroupProtocol(plan('in'), options({}))).not.toThrow()
})

it('is classic unless it is asked for', () => {
  const { groupProtocol } = resolveOptions({ applicationId: 'shop', client: () => expect.fail('not called') })
  expect(groupProtocol).toBe('classic')
})
