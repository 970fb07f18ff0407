import { isMillraceError, millraceError } from '../errors/millrace-error.ts'
import { defined } from './function-result.ts'
import { inTime, isPromise, mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import type { ValueTransformer } from './processor.ts'
import { materialiser } from './table.ts'
import { checkSupplied, suppliedOf } from '../topology/suppliers.ts'
import { refuseKeyFirst } from '../topology/value-first.ts'
import { UserCalls } from './user-calls.ts'
import { processorContext } from './user-processor.ts'

export interface TableTransformValuesSpec {
  readonly type: 'tableTransformValues'
  readonly supplier: () => unknown
  readonly store: string | undefined
  readonly sendOldValues: boolean
}

/** `KTable.transformValues`: deletions go through the transformer too, and what is null stays a deletion. */
export function compileTableTransform(spec: TableTransformValuesSpec, env: OperatorEnv): Process {
  const { context, forward } = env
  const { name } = env.node
  const transform = startTransformer(spec.supplier, env)
  const { store, sendOldValues } = spec
  const pass: Process = store === undefined ? forward : materialiser(store, sendOldValues, env)
  const asksForOld = sendOldValues && store === undefined

  // After the new value, not beside it: both calls may read and write the transformer's stores.
  const passWithOld: Process = (key, value, old) => {
    defined(value, env)
    if (!asksForOld) return pass(key, value, null)
    let oldResult: unknown
    try {
      oldResult = transform(key, old ?? null)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(oldResult, env)) return settle(oldResult, env, later => pass(key, value, defined(later, env)))
    return pass(key, value, defined(oldResult, env))
  }

  return (key, value, old) => {
    let result: unknown
    try {
      result = transform(key, value)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(result, env)) return settle(result, env, later => passWithOld(key, later, old))
    return passWithOld(key, result, old)
  }
}

/** A transformer whose promise does not come in time stays, but that call of it can use its context no more. */
function whileWaitedFor(result: PromiseLike<unknown>, calls: UserCalls, env: OperatorEnv): Promise<unknown> {
  return inTime(result, env).catch((error: unknown) => {
    if (isMillraceError(error) && error.code === 'MILLRACE_PROCESSING_TIMEOUT') calls.giveUp()
    throw error
  })
}

/** Makes a transformer that lives as long as the task. */
export function startTransformer(supplier: () => unknown, env: OperatorEnv): (key: unknown, value: unknown) => unknown {
  const transformer = supplier() as ValueTransformer<unknown, unknown, unknown>
  checkSupplied(transformer, suppliedOf(env.node.name, 'tableTransformValues'))
  refuseKeyFirst(transformer.transform, env.node.name)
  const calls = new UserCalls(env.node.name, env.callScope, env.context)
  const schedule: OperatorEnv['schedule'] = (intervalMs, type, callback) =>
    env.schedule(intervalMs, type, timestamp => calls.run(() => callback(timestamp)) as void | PromiseLike<void>)
  const given = processorContext(
    { ...env, schedule },
    () => {
      throw millraceError('MILLRACE_TRANSFORMER_FORWARD', { operator: env.node.name })
    },
    calls,
  )
  env.onInit(() => calls.run(() => transformer.init?.(given), true) as void | PromiseLike<void>)
  env.onClose(() => calls.run(() => transformer.close?.()) as void | PromiseLike<void>)
  return (key, value) => {
    const result = calls.run(() => transformer.transform(value, key))
    return isPromise(result) ? whileWaitedFor(result, calls, env) : result
  }
}
