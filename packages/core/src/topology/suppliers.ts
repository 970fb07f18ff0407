import { millraceError } from '../errors/millrace-error.ts'
import { shownOption } from '../errors/number-option.ts'
import type { PlanNode } from './plan.ts'

/** What a supplier belongs to, and the function that its objects must have. */
export interface Supplied {
  /** As `The processor "audit"`. */
  readonly owner: string
  readonly field: 'supplier' | 'open'
  readonly needed: string
}

/**
 * Calls each supplier twice, as Kafka Streams does, and refuses one that returns the same object again: two tasks would share it. What a
 * supplier throws here is left to the start of a task, because it may depend on something that does not exist yet.
 *
 * @throws MILLRACE_TOPOLOGY_SUPPLIER
 */
export function checkSuppliers(nodes: readonly PlanNode[]): void {
  for (const node of nodes) {
    if (node.kind !== 'processor') continue
    const { operator } = node
    if (operator.type !== 'process' && operator.type !== 'tableTransformValues') continue
    const of = suppliedOf(node.name, operator.type)
    let made: readonly [unknown, unknown]
    try {
      made = [operator.supplier(), operator.supplier()]
    } catch {
      continue
    }
    for (const one of made) checkSupplied(one, of)
    if (made[0] === made[1]) throw sharedObject(of)
  }
}

export function suppliedOf(node: string, type: 'process' | 'tableTransformValues'): Supplied {
  return type === 'process'
    ? { owner: `The processor "${node}"`, field: 'supplier', needed: 'process' }
    : { owner: `The transformer "${node}"`, field: 'supplier', needed: 'transform' }
}

/**
 * What a supplier returned.
 * @throws MILLRACE_TOPOLOGY_SUPPLIER where it cannot be used
 */
export function checkSupplied(made: unknown, of: Supplied): void {
  if (typeof made === 'object' && made !== null && typeof Reflect.get(made, of.needed) === 'function') return
  const shown =
    typeof made === 'object' && made !== null ? `an object without the function ${of.needed}` : shownOption(made)
  throw unusable(of, made instanceof Promise ? 'a promise' : shown)
}

/** The error for one object in two places. */
export function sharedObject(of: Supplied): Error {
  return unusable(of, 'the same object twice')
}

function unusable({ owner, field, needed }: Supplied, result: string): Error {
  return millraceError('MILLRACE_TOPOLOGY_SUPPLIER', { owner, field, result, needed })
}
