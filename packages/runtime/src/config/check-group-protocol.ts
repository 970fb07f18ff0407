import { millraceError, type Plan } from '@millrace/core'
import { OPTION_TABLE, type ResolvedOptions } from './options.ts'

type DecidedOption =
  | 'numStandbyReplicas'
  | 'acceptableRecoveryLag'
  | 'maxWarmupReplicas'
  | 'probingRebalanceIntervalMs'
  | 'rackAwareAssignmentTags'

/** The options that have no effect in a streams group, and the broker's setting of the group, if it has one. */
const DECIDED_BY_THE_BROKER: Readonly<Record<DecidedOption, string | undefined>> = {
  numStandbyReplicas: 'streams.num.standby.replicas',
  acceptableRecoveryLag: 'streams.acceptable.recovery.lag',
  maxWarmupReplicas: 'streams.num.warmup.replicas',
  probingRebalanceIntervalMs: undefined,
  rackAwareAssignmentTags: 'streams.rack.aware.assignment.tags',
}

/**
 * @throws MILLRACE_CONFIG_INVALID, MILLRACE_TOPOLOGY_OPTION_INVALID for what a streams group cannot do, or for options that the
 * broker decides in its place
 */
export function checkGroupProtocol(plan: Plan, options: ResolvedOptions): void {
  if (options.groupProtocol !== 'streams') return
  for (const [option, setting] of Object.entries(DECIDED_BY_THE_BROKER) as [DecidedOption, string | undefined][]) {
    const value = options[option]
    if (Array.isArray(value) ? value.length === 0 : value === OPTION_TABLE[option].default) continue
    const instead = setting === undefined ? 'leave the option out' : `set ${setting} of the group there`
    const expected = `with groupProtocol "streams" the broker decides: ${instead}`
    throw millraceError('MILLRACE_CONFIG_INVALID', { option, value: JSON.stringify(value), expected })
  }
  for (const node of plan.nodes) {
    if (node.kind !== 'source' || node.pattern === undefined || node.global === true) continue
    const reason = 'a streams group cannot read topics by pattern: name the topics, or use groupProtocol "classic"'
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: node.name, reason })
  }
}
