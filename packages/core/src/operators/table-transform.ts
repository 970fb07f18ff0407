import { millraceError } from '../errors/millrace-error.ts'
import { isPromise, mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import type { ValueTransformer } from './processor.ts'
import type { OperatorSpec } from './spec.ts'
import { materialiser } from './table.ts'
import { processorContext } from './user-processor.ts'

/** `KTable.transformValues`: deletions go through the transformer too, and what is null stays a deletion. */
export function compileTableTransform(
  spec: Extract<OperatorSpec, { type: 'tableTransformValues' }>,
  env: OperatorEnv,
): Process {
  const { context, forward } = env
  const { name } = env.node
  const transform = startTransformer(spec.supplier, env)
  const { store, sendOldValues } = spec
  const pass: Process = store === undefined ? forward : materialiser(store, sendOldValues, env)
  const asksForOld = sendOldValues && store === undefined

  return (key, value, old) => {
    let result: unknown
    let oldResult: unknown = null
    try {
      result = transform(key, value)
      if (asksForOld) oldResult = transform(key, old ?? null)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(result, env) || isPromise(oldResult)) {
      return settle(Promise.all([result, oldResult]), env, ([later, laterOld]) =>
        pass(key, later ?? null, laterOld ?? null),
      )
    }
    return pass(key, result ?? null, oldResult ?? null)
  }
}

/** Makes a transformer that lives as long as the task. */
export function startTransformer(supplier: () => unknown, env: OperatorEnv): (key: unknown, value: unknown) => unknown {
  const transformer = supplier() as ValueTransformer<unknown, unknown, unknown>
  const given = processorContext(env, () => {
    throw millraceError('MILLRACE_TRANSFORMER_FORWARD', { operator: env.node.name })
  })
  if (transformer.init !== undefined) env.onInit(() => transformer.init!(given))
  if (transformer.close !== undefined) env.onClose(() => transformer.close!())
  return (key, value) => transformer.transform(key, value)
}
