import type { StoreCase } from './store-harness.ts'
import { storeLifetimeCases } from './store-lifetime.ts'
import { storeModelCase } from './store-model.ts'
import { storeReadCases } from './store-reads.ts'
import { storeWriteCases } from './store-writes.ts'

/**
 * What every `StoreBackend` must do: one case for each sentence of the port, and a comparison with a model.
 *
 * @example
 * for (const { name, requires, run } of storeConformance()) {
 *   it.skipIf(requires?.(backend.capabilities))(name, () => run({ backend, freshDirectory }))
 * }
 */
export function storeConformance(): readonly StoreCase[] {
  return [...storeReadCases, ...storeWriteCases, ...storeLifetimeCases, storeModelCase]
}
