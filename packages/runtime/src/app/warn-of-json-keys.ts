import { isOrderUndecided, type Logger, type Plan, type Serde } from '@millrace/core'

/**
 * Warns of keys of `json()` that stores and repartition topics compare by their bytes, when it was not said in which order
 * properties are written: `{ a, b }` and `{ b, a }` are two keys then.
 */
export function warnOfJsonKeys(plan: Plan, logger: Logger): void {
  const compared = [
    ...plan.stores.filter(({ keySerde }) => isUndecided(keySerde)),
    ...plan.nodes.filter(
      node =>
        node.kind === 'sink' &&
        plan.repartitionTopics.some(({ name }) => name === node.topic) &&
        isUndecided(node.keySerde),
    ),
  ].map(({ name }) => name)
  if (compared.length === 0) return
  logger.warn(
    { usedBy: compared },
    'keys of json() are only equal if their properties have the same order: ' +
      "use json({ propertyOrder: 'sorted' }), or 'as-given' if all keys already have the same order",
  )
}

function isUndecided(serde: Serde<unknown>): boolean {
  return isOrderUndecided(serde) || (serde.inner !== undefined && isUndecided(serde.inner))
}
