import { millraceError } from '../errors/millrace-error.ts'
import { userFunctions } from '../operators/traits.ts'
import { AGGREGATE, type UserFunction, VALUE_KEY } from '../operators/user-function.ts'
import type { PlanNode } from './plan.ts'

/** How the functions of a sink are called. */
const CALLED_BY_SINK = { topic: '(value, key, record)', partitioner: '(value, key, { topic, partitions })' } as const

/**
 * Refuses functions whose parameters are named in another order than the DSL calls them in, as `(key, value) => …`. The compiler
 * cannot see it where key and value have one type (ADR 9).
 * @throws MILLRACE_TOPOLOGY_ARGUMENT_ORDER
 */
export function checkArgumentOrder(nodes: readonly PlanNode[]): void {
  for (const node of nodes) {
    for (const { value, called } of functionsOf(node)) {
      if (typeof value === 'function' && called !== undefined) refuseKeyFirst(value, node.name, called)
    }
  }
}

function functionsOf(node: PlanNode): readonly UserFunction[] {
  if (node.kind === 'processor') return userFunctions(node.operator)
  if (node.kind === 'source') return []
  return (['topic', 'partitioner'] as const).map(field => ({
    field,
    value: node[field],
    called: CALLED_BY_SINK[field],
  }))
}

/** @throws MILLRACE_TOPOLOGY_ARGUMENT_ORDER where the names of the function's parameters say that it takes them otherwise. */
// eslint-disable-next-line typescript/no-unsafe-function-type -- it is read, not called
export function refuseKeyFirst(fn: Function, operator: string, called = VALUE_KEY): void {
  const source = Function.prototype.toString.call(fn)
  if (!keyFirst(parameterRoles(source), called)) return
  const found = source.replaceAll(/\s+/g, ' ')
  throw millraceError('MILLRACE_TOPOLOGY_ARGUMENT_ORDER', {
    operator,
    found: found.length > 60 ? `${found.slice(0, 60)}…` : found,
    called,
  })
}

/**
 * A single name proves little, since a value may be somebody's key. So it takes two that contradict the order, or `_key`, which is
 * what an unused key is called.
 */
function keyFirst(roles: readonly Role[], called: string): boolean {
  const [first, ...others] = roles
  if (first === 'unused key') return others.length > 0
  const later = others.filter(role => role !== 'unknown')
  if (first === 'key') return later.some(role => role !== 'key') || (others.length === 2 && later.length === 0)
  return called === AGGREGATE && first === 'value' && later.includes('aggregate')
}

type Role = 'key' | 'unused key' | 'value' | 'aggregate' | 'unknown'

/** What the names of parameters say, as far as they are plain names. Only values are taken apart; a pattern ends the list. */
function parameterRoles(source: string): readonly Role[] {
  const list = /^(?:async\b)?\s*(?:function\b\s*\*?)?\s*[\w$]*\s*\(([^)]*)/.exec(source)?.[1] ?? ''
  const minified = /,\S/.test(list)
  const roles: Role[] = []
  for (const parameter of list.split(',')) {
    const name = /^\s*([\w$]+)/.exec(parameter)?.[1]
    if (name === undefined) return /^\s*[{[]/.test(parameter) ? [...roles, 'value'] : roles
    // Minified code has such names by chance.
    roles.push(minified && name.length < 3 ? 'unknown' : roleOf(name))
  }
  return roles
}

function roleOf(name: string): Role {
  if (/^_+(key|k)$/i.test(name)) return 'unused key'
  if (/^(key|k|readOnlyKey)$/i.test(name)) return 'key'
  if (/^_*(value|v|val)$/i.test(name)) return 'value'
  if (/^_*(aggregate|agg|acc)$/i.test(name)) return 'aggregate'
  return 'unknown'
}
