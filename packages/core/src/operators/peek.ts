import { textOf } from '../record/text-of.ts'
import { mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import type { ValueFn } from './spec.ts'

export interface PeekSpec {
  readonly type: 'peek'
  readonly action: ValueFn<unknown>
  readonly forwards: boolean
}

export interface PrintSpec {
  readonly type: 'print'
  readonly label: string
  readonly write: (line: string) => void
  readonly mapper: ValueFn<string> | undefined
}

/** `peek`, which forwards, and `foreach`, which ends there. */
export function compilePeek(spec: PeekSpec, env: OperatorEnv): Process {
  const action = spec.action as (value: unknown, key: unknown) => unknown
  const { context, forward } = env
  const { name } = env.node
  const { forwards } = spec
  return (key, value) => {
    let done: unknown
    try {
      done = action(value, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(done, env)) return settle(done, env, () => (forwards ? forward(key, value) : undefined))
    if (forwards) return forward(key, value)
  }
}

/** `[label]: key, value`, as Kafka Streams prints. */
export function compilePrint(spec: PrintSpec, env: OperatorEnv): Process {
  const mapper = spec.mapper as ((value: unknown, key: unknown) => unknown) | undefined
  const { context } = env
  const { name } = env.node
  return (key, value): void | Promise<void> => {
    try {
      const text = mapper === undefined ? `${textOf(key)}, ${textOf(value)}` : mapper(value, key)
      if (mustSettle(text, env)) return settle(text, env, later => spec.write(`[${spec.label}]: ${String(later)}`))
      spec.write(`[${spec.label}]: ${String(text)}`)
    } catch (error) {
      context.fail(name, error)
    }
  }
}
