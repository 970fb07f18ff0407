import { type Logger, type Plan, topicNaming } from '@millrace/core'

/** Warns of a dead-letter topic that the application itself reads: what is made of a record may fail in another task, and be written and read again without end. */
export function warnOfDeadLetterLoop(
  plan: Plan,
  applicationId: string,
  deadLetterTopic: string | undefined,
  logger: Logger,
): void {
  if (deadLetterTopic === undefined) return
  const real = topicNaming(plan, applicationId)
  const readBy = plan.nodes.flatMap(node => {
    const reads = node.kind === 'source' && node.topics.some(topic => real(topic) === deadLetterTopic)
    return reads ? [node.name] : []
  })
  if (readBy.length === 0) return
  logger.warn(
    { deadLetterTopic, readBy },
    'the application reads its own dead-letter topic: a record of it that fails again is skipped; one that fails behind a repartition topic is written and read again without end',
  )
}
