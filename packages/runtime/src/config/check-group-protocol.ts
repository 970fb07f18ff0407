import { millraceError, type Plan } from '@millrace/core'
import type { ResolvedOptions } from './options.ts'

/**
 * @throws MILLRACE_CONFIG_INVALID, MILLRACE_TOPOLOGY_OPTION_INVALID for what a streams group cannot do, or for options that the
 * broker decides in its place
 */
export function checkGroupProtocol(plan: Plan, options: ResolvedOptions): void {
  if (options.groupProtocol !== 'streams') return
  const { numStandbyReplicas, rackAwareAssignmentTags } = options
  const decided = (setting: string) =>
    `with groupProtocol "streams" the broker decides: set ${setting} of the group there`
  if (numStandbyReplicas !== 0) {
    const expected = decided('streams.num.standby.replicas')
    throw millraceError('MILLRACE_CONFIG_INVALID', {
      option: 'numStandbyReplicas',
      value: numStandbyReplicas,
      expected,
    })
  }
  if (rackAwareAssignmentTags.length > 0) {
    const expected = decided('streams.rack.aware.assignment.tags')
    const value = JSON.stringify(rackAwareAssignmentTags)
    throw millraceError('MILLRACE_CONFIG_INVALID', { option: 'rackAwareAssignmentTags', value, expected })
  }
  for (const node of plan.nodes) {
    if (node.kind !== 'source' || node.pattern === undefined || node.global === true) continue
    const reason = 'a streams group cannot read topics by pattern: name the topics, or use groupProtocol "classic"'
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: node.name, reason })
  }
}
