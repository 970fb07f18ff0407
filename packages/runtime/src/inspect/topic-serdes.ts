import { type Headers, matchesWhole, type Plan, reasonOf, type Serde, topicNaming, whenReady } from '@millrace/core'

export interface SerdesOfTopic {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
}

/**
 * Returns the serdes with which a topology reads or writes a topic, or undefined if it has no such topic. Changelogs of window and session
 * stores have keys that no serde reads: they have none here.
 *
 * @param topic the name at the broker
 */
export function serdesOfTopic(plan: Plan, applicationId: string, topic: string): SerdesOfTopic | undefined {
  const real = topicNaming(plan, applicationId)
  for (const node of plan.nodes) {
    if (node.kind === 'processor') continue
    const isOf =
      node.kind === 'source'
        ? node.topics.some(each => real(each) === topic) ||
          (node.pattern !== undefined && matchesWhole(node.pattern, topic))
        : typeof node.topic === 'string' && real(node.topic) === topic
    if (isOf) return { key: node.keySerde, value: node.valueSerde }
  }
  const store = plan.stores.find(({ changelog }) => changelog !== undefined && real(changelog.topic) === topic)
  if (store === undefined || store.kind !== 'key-value' || store.withHeaders === true) return undefined
  return { key: store.keySerde, value: store.valueSerde }
}

/** A key or a value: what its serde reads, or the reason why it cannot. */
export type DecodedPart = { readonly value: unknown } | { readonly failure: string }

/** Decodes a key or a value. Null stays null. */
export async function decodedPart(
  serde: Serde<unknown>,
  bytes: Buffer | null,
  topic: string,
  headers: Headers,
): Promise<DecodedPart> {
  if (bytes === null) return { value: null }
  try {
    return { value: await whenReady(() => serde.deserialize(bytes, topic, headers)) }
  } catch (error) {
    return { failure: reasonOf(error) }
  }
}
