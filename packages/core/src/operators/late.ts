import type { Window } from '../record/windowed.ts'
import type { ProcessorNode } from '../topology/plan.ts'
import type { OperatorEnv } from './process.ts'

/** Of an operator that may leave out records because they are late. */
export interface LateOutput {
  /** The child that gets them, see `late.ts`. Only there where `onLate` was given. */
  readonly late?: string | undefined
}

/** A record that came too late for an operator, and what it missed: a value of the stream that `onLate` is given. */
export interface LateRecord<V> {
  readonly value: V
  /** The record's own, in milliseconds; the record in the stream has it too. */
  readonly timestamp: number
  /** Stream time of the operator when it came: the highest timestamp so far. */
  readonly streamTimeMs: number
  /** The name of the operator that left it out. */
  readonly operator: string
  /** Those that were over. Empty for joins and tables, which have none. */
  readonly windows: readonly Window[]
  /** Part of its work was done: other windows took it, or it was joined with what is still kept. */
  readonly partly: boolean
}

/** What an operator says of a record that it leaves out because it is late. */
export type Lateness = Pick<LateRecord<unknown>, 'streamTimeMs' | 'windows' | 'partly'>

/**
 * The one way in which operators leave out what is late: it is counted in `dropped-records`, once for each window missed as in
 * Kafka Streams, warned of once for each operator, and goes to the child called `late`, where `onLate` asked for one.
 *
 * To be called with the record at hand, whose headers go with it.
 */
export function compileDropLate(
  env: OperatorEnv,
  late: string | undefined,
): (key: unknown, value: unknown, lateness: Lateness) => void | Promise<void> {
  const { context } = env
  const { name } = env.node
  const forward = late === undefined ? undefined : env.child(late)
  return (key, value, { streamTimeMs, windows, partly }) => {
    for (let count = Math.max(1, windows.length); count > 0; count--) context.drop(name, 'late')
    if (forward === undefined) return
    const { timestamp } = context
    const record: LateRecord<unknown> = { value, timestamp, streamTimeMs, operator: name, windows, partly }
    return forward(key, record)
  }
}

/** The children to which an operator's results go: not the one for what is late. */
export function resultChildren({ operator, children }: ProcessorNode): readonly string[] {
  if (!('late' in operator) || operator.late === undefined) return children
  return children.filter(child => child !== operator.late)
}
