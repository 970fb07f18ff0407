import { joinWindows } from '@millrace/core'
import type { JoinSteps, StreamTableJoinStep } from '../steps/join-steps.ts'
import {
  type Building,
  joinerOf,
  name,
  type Operators,
  type Result,
  selectorOf,
  serdes,
  stream,
  STRING,
} from './result.ts'

export const JOINS: Operators<JoinSteps['op']> = {
  join: streamTableJoin,
  leftJoin: streamTableJoin,
  globalJoin(step, { read }) {
    const from = read(step.from, 'stream')
    const { it } = read(step.with, 'global')
    const [selector, joiner] = [selectorOf(step.selector), joinerOf(step.joiner)]
    const joined =
      step.kind === 'inner'
        ? from.it.join(it, selector, joiner, name(step))
        : from.it.leftJoin(it, selector, joiner, name(step))
    return stream(joined, { key: from.key, value: STRING })
  },
  streamJoin(step, { read }) {
    const from = read(step.from, 'stream')
    const other = read(step.with, 'stream')
    const joiner = joinerOf(step.joiner)
    const { beforeMs, afterMs, graceMs, storeName, logging, type } = step
    const options = {
      ...serdes(from),
      ...name(step),
      otherValue: other.value,
      windows: joinWindows({ beforeMs, afterMs, graceMs }),
      ...(storeName === undefined ? {} : { storeName }),
      ...(logging === undefined ? {} : { logging }),
      ...(type === undefined ? {} : { type }),
    }
    const result = { key: from.key, value: STRING }
    if (step.kind === 'inner') return stream(from.it.join(other.it, joiner, options), result)
    if (step.kind === 'left') return stream(from.it.leftJoin(other.it, joiner, options), result)
    return stream(from.it.outerJoin(other.it, joiner, options), result)
  },
}

function streamTableJoin(step: StreamTableJoinStep, { read }: Building): Result {
  const from = read(step.from, 'stream')
  const other = read(step.table, 'table')
  const grace = step.graceMs === undefined ? {} : { graceMs: step.graceMs }
  const options = { ...serdes(from), ...name(step), ...grace }
  const joiner = joinerOf(step.joiner)
  const joined =
    step.op === 'join' ? from.it.join(other.it, joiner, options) : from.it.leftJoin(other.it, joiner, options)
  return stream(joined, { key: from.key, value: STRING })
}
