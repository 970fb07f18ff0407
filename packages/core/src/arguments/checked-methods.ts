import { type ErrorCode, isMillraceError, millraceError } from '../errors/millrace-error.ts'
import { reasonOf } from '../errors/thrown.ts'
import { type Check, type DslKind, dslKind } from './check.ts'

/** An argument of a method: its name in errors, and what it must be. */
export type Argument = readonly [name: string, check: Check]

/** The arguments of a method. A function where they depend on what was given. */
export type Arguments = readonly Argument[] | ((given: readonly unknown[]) => readonly Argument[])

type MethodNames<Class> = {
  [Name in keyof Class]: Name extends string ? (Class[Name] extends (...args: never) => unknown ? Name : never) : never
}[keyof Class]

/** One entry for each method, so that a new method cannot be forgotten. */
export type MethodArguments<Class> = Readonly<Record<MethodNames<Class>, Arguments>>

/** Errors of the topology, and those of everything else. */
type ArgumentCode = Extract<ErrorCode, 'MILLRACE_TOPOLOGY_OPTION_INVALID' | 'MILLRACE_ARGUMENT_INVALID'>

/**
 * Checks one call of a function that makes parts of a topology.
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID naming the function and the argument
 */
export function checkCall(called: string, rule: Arguments, given: readonly unknown[]): void {
  check('MILLRACE_TOPOLOGY_OPTION_INVALID', called, rule, given)
}

/**
 * Checks one call of any other function.
 * @throws MILLRACE_ARGUMENT_INVALID naming the function and the argument
 */
export function checkArguments(called: string, rule: Arguments, given: readonly unknown[]): void {
  check('MILLRACE_ARGUMENT_INVALID', called, rule, given)
}

function check(code: ArgumentCode, called: string, rule: Arguments, given: readonly unknown[]): void {
  const wanted = typeof rule === 'function' ? rule(given) : rule
  for (const [position, [name, check]] of wanted.entries()) {
    const problem = problemOf(check, given[position], name)
    if (problem !== undefined) throw invalidArgument(code, called, problem)
  }
  const more = given.findIndex((argument, position) => position >= wanted.length && argument !== undefined)
  if (more >= 0) {
    const takes = wanted.length === 0 ? 'takes no arguments' : `takes ${wanted.map(([name]) => name).join(', ')}`
    throw invalidArgument(code, called, `it ${takes}, but argument ${more + 1} was given too`)
  }
}

function problemOf(check: Check, given: unknown, name: string): string | undefined {
  try {
    return check(given, name)
  } catch (error) {
    if (isMillraceError(error)) throw error
    return `${name} cannot be read: ${reasonOf(error)}`
  }
}

/**
 * Puts the check of its arguments in front of each method of a class. It runs when a topology is made, never for a record.
 *
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID from the methods
 */
export function checkMethods<Class extends object>(
  type: { readonly prototype: object },
  kind: DslKind,
  methods: MethodArguments<Class>,
): void {
  const { prototype } = type
  Object.defineProperty(prototype, dslKind, { value: kind })
  for (const [method, rule] of Object.entries<Arguments>(methods)) {
    const original = Reflect.get(prototype, method) as (...args: unknown[]) => unknown
    const checked = {
      [method](this: unknown, ...given: unknown[]): unknown {
        if (!isOf(this, kind)) {
          throw invalidArgument(
            'MILLRACE_TOPOLOGY_OPTION_INVALID',
            method,
            `it was called without its ${kind}: call it as a method, or bind it`,
          )
        }
        checkCall(method, rule, given)
        return original.apply(this, given)
      },
    }[method]
    Object.defineProperty(prototype, method, { value: checked, configurable: true, writable: true })
  }
}

function isOf(object: unknown, kind: DslKind): boolean {
  return typeof object === 'object' && object !== null && Reflect.get(object, dslKind) === kind
}

function invalidArgument(code: ArgumentCode, operator: string, reason: string): Error {
  return millraceError(code, { operator, reason })
}
