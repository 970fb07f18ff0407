import type { Plan } from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'

/**
 * Says which stores were asked to be on disk and are not, since the application has no store backend that lasts. A warning and no
 * error: their changelogs keep what is in them, so that results are the same; but they have to fit into memory, and each start
 * restores all of them. The test driver has no disk and says nothing.
 */
export function warnOfHeapStores(plan: Plan, { store, logger }: Pick<ResolvedOptions, 'store' | 'logger'>): void {
  if (store.capabilities.durable) return
  const stores = plan.stores.filter(({ type }) => type === 'persistent').map(({ name }) => name)
  if (stores.length === 0) return
  logger.warn(
    { stores },
    `stores of the type "persistent" are kept in memory, because the store option is not a disk backend: ${stores.join(', ')}; set store: rocksdb(), or remove the type of the stores`,
  )
}
