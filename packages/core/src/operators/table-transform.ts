import { millraceError } from '../errors/millrace-error.ts'
import { mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import type { ValueTransformer } from './processor.ts'
import type { OperatorSpec } from './spec.ts'
import { materialiser } from './table.ts'
import { refuseKeyFirst } from '../topology/value-first.ts'
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

  // After the new value, not beside it: both calls may read and write the transformer's stores.
  const passWithOld: Process = (key, value, old) => {
    if (!asksForOld) return pass(key, value ?? null, null)
    let oldResult: unknown
    try {
      oldResult = transform(key, old ?? null)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(oldResult, env)) return settle(oldResult, env, later => pass(key, value ?? null, later ?? null))
    return pass(key, value ?? null, oldResult ?? null)
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

/** Makes a transformer that lives as long as the task. */
export function startTransformer(supplier: () => unknown, env: OperatorEnv): (key: unknown, value: unknown) => unknown {
  const transformer = supplier() as ValueTransformer<unknown, unknown, unknown>
  refuseKeyFirst(transformer.transform, env.node.name)
  const given = processorContext(env, () => {
    throw millraceError('MILLRACE_TRANSFORMER_FORWARD', { operator: env.node.name })
  })
  if (transformer.init !== undefined) env.onInit(() => transformer.init!(given))
  if (transformer.close !== undefined) env.onClose(() => transformer.close!())
  return (key, value) => transformer.transform(value, key)
}
