import type { TestContext } from 'vitest'

/**
 * Why the release of Kafka under test cannot do something; undefined where it can. `DEV_KAFKA_VERSION` names the release, as
 * `npm run client-versions` sets it.
 */
export function releaseLimit(
  what: 'streams groups' | 'converting groups',
  release: string | undefined = process.env['DEV_KAFKA_VERSION'],
): string | undefined {
  if (release === '3.9') return 'Kafka 3.9 has no streams groups'
  if (release === '4.1' && what === 'converting groups')
    return 'Kafka 4.1 makes no streams group of a classic one, and the reverse'
  return undefined
}

/** Skips a test of streams groups, with the reason, where the release of Kafka under test has none. Others are not skipped. */
export function skipWithoutStreamsGroups(context: TestContext, groupProtocol: 'classic' | 'streams' = 'streams'): void {
  const limit = groupProtocol === 'streams' ? releaseLimit('streams groups') : undefined
  if (limit !== undefined) context.skip(limit)
}
