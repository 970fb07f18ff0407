import {
  diffTopologies,
  type Logger,
  millraceError,
  type Plan,
  silentChanges,
  topologyOutline,
  type TopologyOutline,
} from '@millrace/core'
import type { StateDirectory } from './state-directory.ts'

/**
 * Compares the topology with the one that was last started on this state.
 * @returns what keeps it for the next start, to be called when nothing else is in the way of this one: else the version before
 * could not go on with its own state after a start that failed
 * @throws MILLRACE_TOPOLOGY_INCOMPATIBLE naming what would be misread or left behind, unless that is accepted
 */
export async function checkTopology(options: {
  readonly plan: Plan
  readonly directory: StateDirectory
  readonly onTopologyChange: 'refuse' | 'accept'
  readonly logger: Logger
}): Promise<() => Promise<void>> {
  const { plan, directory, onTopologyChange, logger } = options
  const before = await directory.readTopology()
  const now = topologyOutline(plan)
  if (isOutline(before)) {
    const diff = diffTopologies(before, now)
    const changes = silentChanges(diff)
    if (changes.length > 0 && onTopologyChange === 'refuse') {
      throw millraceError('MILLRACE_TOPOLOGY_INCOMPATIBLE', { directory: directory.path, changes: changes.join(', ') })
    }
    if (changes.length > 0) logger.warn({ changes }, 'the topology has changed: some state is no longer used')
    const { lost } = diff.stores
    if (lost.length > 0)
      logger.info({ stores: lost }, 'stores were removed from the topology; their topics still exist')
  }
  return () => directory.writeTopology(now)
}

function isOutline(value: unknown): value is TopologyOutline {
  return typeof value === 'object' && value !== null && 'stores' in value && 'topics' in value
}
