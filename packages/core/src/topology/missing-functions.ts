import { millraceError } from '../errors/millrace-error.ts'
import { shownOption } from '../errors/number-option.ts'
import type { PlanNode } from './plan.ts'

/** Fields of an operator that hold a user function wherever they are there. */
const FUNCTIONS = [
  ...['predicate', 'mapper', 'action', 'selector', 'keySelector', 'foreignKey', 'joiner', 'initializer'],
  ...['aggregator', 'adder', 'subtractor', 'supplier'],
] as const

/**
 * Refuses an operator without its function, as `filter(undefined)`: it would fail on each record, and with a policy that skips bad
 * records nothing would come out.
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID
 */
export function checkFunctions(nodes: readonly PlanNode[]): void {
  for (const node of nodes) {
    if (node.kind !== 'processor') continue
    const { operator } = node
    // Print has a mapper only where one was given.
    if (operator.type !== 'print') checkFields(operator, node.name)
    if ('function' in operator) checkFields(operator.function, node.name)
    if (operator.type === 'branch') for (const branch of operator.branches) checkFields(branch, node.name)
  }
}

function checkFields(holder: object, operator: string): void {
  const fields = holder as Readonly<Record<string, unknown>>
  for (const field of FUNCTIONS) {
    if (!(field in fields) || typeof fields[field] === 'function') continue
    const reason = `its ${field} must be a function, but it is ${shownOption(fields[field])}`
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
  }
}
