import type { VersionedTableStore } from '../state/engine-store.ts'
import { compileDropLate } from './late.ts'
import { forwardAt, type OperatorEnv } from './process.ts'

/** Of an operator below a table. */
export interface VersionedInput {
  /** The table is versioned: `TaskContext.isLatest` says whether an update is of its latest version. */
  readonly versioned?: true
}

/**
 * Puts a table's value into its versioned store and forwards the update, saying in `TaskContext.isLatest` whether it is of the
 * latest version. One that is older than the history retention is left out as late (KIP-914).
 */
export function versionedKeeper(
  store: VersionedTableStore,
  env: OperatorEnv,
  late?: string,
): (key: unknown, value: unknown, timestamp: number, old: unknown) => void | Promise<void> {
  const { context } = env
  const dropLate = compileDropLate(env, late)

  function update(
    key: unknown,
    value: unknown,
    timestamp: number,
    old: unknown,
    validTo: number | undefined,
  ): void | Promise<void> {
    if (validTo === undefined) {
      return dropLate(key, value, { streamTimeMs: store.streamTime, windows: [], partly: false })
    }
    const before = context.isLatest
    context.isLatest = validTo === Number.POSITIVE_INFINITY
    const waiting = forwardAt(env, timestamp, key, value, old)
    if (waiting !== undefined) {
      return waiting.then(() => {
        context.isLatest = before
      })
    }
    context.isLatest = before
  }

  return (key, value, timestamp, old) => {
    const validTo = store.putVersion(key, value, timestamp)
    if (validTo instanceof Promise) return validTo.then(later => update(key, value, timestamp, old, later))
    return update(key, value, timestamp, old, validTo)
  }
}
