import type { Admin } from '@millrace/core'
import { deadLetterTopicOf } from '../config/dead-letter-topic.ts'
import type { ResolvedOptions } from '../config/options.ts'
import { type PreparedTopics, prepareTopics } from './prepare-topics.ts'
import type { TopicPatterns } from './topic-patterns.ts'

/** Checks the topics that the plan reads as of now, and creates internal topics that are missing. */
export function prepareTopicsOf(
  topics: TopicPatterns,
  options: ResolvedOptions,
  admin: Admin,
): Promise<PreparedTopics> {
  const { applicationId, logger, replicationFactor, windowedChangelogExtraMs, onTopologyChange } = options
  const deadLetterTopic = deadLetterTopicOf(options)
  return prepareTopics({
    plan: topics.plan,
    applicationId,
    admin,
    logger,
    replicationFactor,
    required: deadLetterTopic === undefined ? [] : [deadLetterTopic],
    windowedChangelogExtraMs,
    onTopologyChange,
    maxRequestBytes: options.maxRequestBytes,
    madeByBroker: options.groupProtocol === 'streams',
  })
}
