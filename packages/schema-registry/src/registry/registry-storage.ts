import type { Change } from './registry-state.ts'

/** The port behind which a registry keeps its changes. */
export interface RegistryStorage {
  /**
   * Hands over all changes of the past, then keeps handing over new ones: those of `append` before it resolves, in the order in
   * which they were stored.
   */
  open(apply: (change: Change) => void): Promise<void>
  /** Stores the changes in their order. */
  append(changes: readonly Change[]): Promise<void>
  close(): Promise<void>
}

/** Keeps nothing: the registry lives as long as its process. */
export function memoryStorage(): RegistryStorage {
  let applyChange: (change: Change) => void = () => {}
  return {
    async open(apply) {
      applyChange = apply
    },
    async append(changes) {
      for (const change of changes) applyChange(change)
    },
    async close() {},
  }
}
