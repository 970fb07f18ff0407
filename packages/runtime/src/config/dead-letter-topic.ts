import type { ResolvedOptions } from './options.ts'

/** Undefined if bad records go to no topic. */
export function deadLetterTopicOf({ onBadRecord }: Pick<ResolvedOptions, 'onBadRecord'>): string | undefined {
  return typeof onBadRecord === 'object' ? onBadRecord.deadLetterTopic : undefined
}
