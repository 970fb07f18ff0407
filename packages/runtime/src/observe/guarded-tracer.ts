import { isPromise, type Logger, type RecordTracer, reasonOf, type TaskTracer } from '@millrace/core'

type Trace = <R>(run: () => R) => R

/**
 * The user's tracer, which must neither fail records nor end an application: what it throws, or rejects with, is logged once, and what it
 * follows goes on as without it.
 */
export function guardedTracer(tracer: RecordTracer, logger: Logger): RecordTracer {
  let said = false
  const complain = (error: unknown) => {
    if (said) return
    said = true
    logger.warn({ error }, `the tracer has failed, and traces are incomplete (said once): ${reasonOf(error)}`)
  }
  return {
    task(task) {
      let traced: TaskTracer
      try {
        traced = tracer.task(task)
      } catch (error) {
        complain(error)
        return UNTRACED
      }
      return {
        source: (node, record, run) => guarded(once => traced.source(node, record, once), run, complain),
        processor: (node, record, run) => guarded(once => traced.processor(node, record, once), run, complain),
        sink: (node, record, run) => guarded(once => traced.sink(node, record, once), run, complain),
        store: (store, operation, key, run) =>
          guarded(once => traced.store(store, operation, key, once), run, complain),
      }
    },
  }
}

const UNTRACED: TaskTracer = {
  source: (_node, _record, run) => run(),
  processor: (_node, _record, run) => run(),
  sink: (_node, _record, run) => run(),
  store: (_store, _operation, _key, run) => run(),
}

/** Runs `run` once, whatever the tracer does, and gives its result or its error. */
function guarded<R>(trace: Trace, run: () => R, complain: (error: unknown) => void): R {
  let outcome: { readonly result: R } | { readonly error: unknown } | undefined
  const once = (): R => {
    if (outcome === undefined) {
      try {
        outcome = { result: run() }
      } catch (error) {
        outcome = { error }
      }
    }
    return settled(outcome)
  }
  let traced: unknown
  try {
    traced = trace(once)
  } catch (error) {
    if (outcome === undefined || !('error' in outcome) || outcome.error !== error) complain(error)
    return once()
  }
  const result = once()
  // What the tracer does when the promise is fulfilled belongs to the record: it puts headers back.
  if (!isPromise(traced) || traced === result) return result
  if (!isPromise(result)) {
    traced.then(undefined, complain)
    return result
  }
  const own = async () => {
    try {
      await traced
    } catch (error) {
      const failed: unknown = await Promise.resolve(result).then(
        () => NOTHING,
        (reason: unknown) => reason,
      )
      if (failed !== error) complain(error)
    }
    return await result
  }
  return own() as R
}

const NOTHING = Symbol('nothing was thrown')

function settled<R>(outcome: { readonly result: R } | { readonly error: unknown }): R {
  if ('error' in outcome) throw outcome.error
  return outcome.result
}
