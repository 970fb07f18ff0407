import type { Process, StorePlan, TaskTracer } from '@millrace/core'
import { STORE_CALLS } from './metered-stores.ts'
import type { RecordContext } from './record-context.ts'

type Call = (...given: readonly unknown[]) => unknown

/** Has a tracer follow what a node does. Without one it is the node's own function. */
export function tracedProcess(
  tracer: TaskTracer | undefined,
  kind: 'source' | 'processor' | 'sink',
  node: string,
  context: RecordContext,
  process: Process,
): Process {
  if (tracer === undefined) return process
  return (key, value, old) => tracer[kind](node, context, () => process(key, value, old))
}

/** The same for a store: its calls are traced. */
export function tracedStore<Store>(tracer: TaskTracer | undefined, plan: StorePlan, store: Store): Store {
  if (tracer === undefined) return store
  const own = store as Readonly<Record<string, unknown>>
  const traced = Object.create(own) as Record<string, unknown>
  // An entry of a window store has a key and a start, unless all windows of a key are read together.
  const byWindow = plan.kind === 'window' && 'get' in own && !('load' in own)
  for (const method of Object.keys(STORE_CALLS[plan.kind])) {
    const call = own[method]
    if (typeof call !== 'function') continue
    traced[method] = (...given: readonly unknown[]) => {
      const key = byWindow ? given.slice(0, 2) : given[0]
      return tracer.store(plan.name, method, key, () => (call as Call)(...given))
    }
  }
  return traced as Store
}
