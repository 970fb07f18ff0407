import { millraceError } from '../errors/millrace-error.ts'
import { shownOption } from '../errors/number-option.ts'
import { userFunctions } from '../operators/traits.ts'
import type { PlanNode } from './plan.ts'

/**
 * Refuses an operator without its function, as `filter(undefined)`: it would fail on each record, and with a policy that skips bad
 * records nothing would come out.
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID
 */
export function checkFunctions(nodes: readonly PlanNode[]): void {
  for (const node of nodes) {
    for (const { field, value, optional } of node.kind === 'processor' ? userFunctions(node.operator) : []) {
      if (typeof value === 'function' || (optional && value === undefined)) continue
      const reason = `its ${field} must be a function, but it is ${shownOption(value)}`
      throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: node.name, reason })
    }
  }
}
