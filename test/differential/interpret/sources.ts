import type { TimestampExtractor } from '@millrace/core'
import { CATALOGUE, text } from '../catalogue.ts'
import type { SourceSteps, StreamStep, TableStep } from '../steps/source-steps.ts'
import { name, type Operators, store, stream, STRINGS, table } from './result.ts'

export const SOURCES: Operators<SourceSteps['op']> = {
  stream(step, { builder }) {
    const topics = step.pattern === undefined ? step.topics : new RegExp(step.pattern)
    return stream(builder.stream(topics, { ...STRINGS, ...name(step), ...reading(step) }), STRINGS)
  },
  table(step, { builder }) {
    const options = { ...STRINGS, ...name(step), ...reading(step), ...store(step, STRINGS) }
    return table(builder.table(step.topic, options), STRINGS)
  },
  globalTable(step, { builder }) {
    const options = { ...STRINGS, ...name(step), ...store(step, STRINGS) }
    return { ...STRINGS, kind: 'global', it: builder.globalTable(step.topic, options) }
  },
}

function reading({ extractor, badTimestamp, offsetReset }: StreamStep | TableStep) {
  return {
    ...(extractor === undefined ? {} : { timestampExtractor: extractorOf(extractor), onBadTimestamp: 'skip' as const }),
    ...(badTimestamp === undefined ? {} : { onBadTimestamp: badTimestamp }),
    ...(offsetReset === undefined ? {} : { offsetReset }),
  }
}

/** What gives a negative time is left out, as Kafka Streams does with all extractors of the user's own. */
function extractorOf(named: keyof typeof CATALOGUE.extractor): TimestampExtractor {
  const extract = CATALOGUE.extractor[named]
  return ({ value, timestamp }, partitionTime) => extract(text(value), timestamp, partitionTime)
}
