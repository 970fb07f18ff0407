import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'
import type { SourceReading } from '../topology/graph.ts'
import { checkedName } from '../topology/naming.ts'
import type { SourceOptions, TopicsRead } from '../dsl/options.ts'

export type Settings = Pick<SourceOptions<never, never>, 'offsetReset' | 'timestampExtractor' | 'onBadTimestamp'>

/**
 * What a source reads and how, checked.
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID, MILLRACE_TOPOLOGY_NAME_INVALID
 */
export function sourceReading(operator: string, topics: TopicsRead, settings: Settings): SourceReading {
  const { offsetReset, timestampExtractor, onBadTimestamp } = settings
  if (typeof offsetReset === 'object')
    checkedNumber(operator, 'offsetReset.backMs', offsetReset.backMs, { from: 0, of: 'milliseconds' })
  return {
    ...topicsRead(operator, topics),
    ...(offsetReset === undefined ? {} : { offsetReset }),
    ...(timestampExtractor === undefined ? {} : { timestampExtractor }),
    ...(onBadTimestamp === undefined ? {} : { onBadTimestamp }),
  }
}

function topicsRead(operator: string, topics: TopicsRead): Pick<SourceReading, 'topics' | 'pattern'> {
  if (topics instanceof RegExp) return { topics: [], pattern: topics }
  const list = Array.isArray(topics) ? [...new Set<string>(topics)] : [topics as string]
  for (const topic of list) checkedName(topic, 'topic')
  if (list.length === 0) throw invalid(operator, 'the list of topics is empty')
  return { topics: list }
}

function invalid(operator: string, reason: string) {
  return millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
}
