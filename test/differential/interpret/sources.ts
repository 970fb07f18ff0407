import type { SourceSteps } from '../steps/source-steps.ts'
import { name, type Operators, store, stream, STRINGS, table } from './result.ts'

export const SOURCES: Operators<SourceSteps['op']> = {
  stream: (step, { builder }) => stream(builder.stream(step.topics, { ...STRINGS, ...name(step) }), STRINGS),
  table: (step, { builder }) =>
    table(builder.table(step.topic, { ...STRINGS, ...name(step), ...store(step, STRINGS) }), STRINGS),
}
