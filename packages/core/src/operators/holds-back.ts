import type { OperatorSpec } from './spec.ts'

/**
 * How far behind stream time the results may be that an operator still has to give when no further record comes, in
 * milliseconds: those of windows that are not closed, records that wait for a partner, updates that are held back.
 */
export function holdsBackMs(operator: OperatorSpec): number {
  switch (operator.type) {
    case 'windowAggregate':
      return operator.emit === 'on-update' ? 0 : operator.windows.sizeMs + operator.windows.graceMs
    case 'slidingAggregate':
      return operator.emit === 'on-update' ? 0 : operator.windows.timeDifferenceMs + operator.windows.graceMs
    case 'sessionAggregate':
      // Timed by its end.
      return operator.emit === 'on-update' ? 0 : operator.windows.inactivityGapMs + operator.windows.graceMs
    case 'suppress':
      return operator.waitMs + operator.windowMs
    case 'streamStreamJoin': {
      const { unmatched } = operator
      return unmatched === undefined ? 0 : Math.max(unmatched.leftWaitsMs, unmatched.rightWaitsMs) + unmatched.graceMs
    }
    case 'streamTableJoin':
      return operator.waiting?.graceMs ?? 0
    default:
      return 0
  }
}
