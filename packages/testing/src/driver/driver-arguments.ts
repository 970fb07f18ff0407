import {
  aBoolean,
  aFiniteNumber,
  aFunction,
  aPlan,
  aText,
  type Check,
  checkArguments,
  checkedConfigNumber,
  checkedInside,
  type Fields,
  hasMethods,
  isPlainObject,
  mustBe,
  OF_A_TOPIC,
  optional,
  optionsOf,
  TOPIC_SERDES,
} from '@millrace/core'
import type { TopologyTestDriverOptions } from './driver-options.ts'

/** @throws MILLRACE_CONFIG_INVALID */
export function checkDriver(plan: unknown, options: unknown): void {
  const arguments_ = [
    ['plan', aPlan],
    ['options', someOptions],
  ] as const
  checkArguments('TopologyTestDriver.create', arguments_, [plan, options])
}

/** The application checks the others, which it knows. */
const someOptions: Check = (given, name) => {
  if (!isPlainObject(given)) return mustBe(name, 'an object such as { partitions: 2 }', given)
  for (const own of ['store', 'stateDir', 'clock']) {
    if (given[own] !== undefined)
      return `${name} has no option "${own}": the driver has its own; for state on disk use state: { store, stateDir }`
  }
  const fields: Fields = {
    commitEachRecord: optional(aBoolean),
    client: optional(aFunction),
    state: optional(optionsOf({ store: hasMethods('a backend, such as rocksdb()', 'open'), stateDir: aText })),
  }
  for (const [field, check] of Object.entries(fields)) {
    const problem = check(given[field], field)
    if (problem !== undefined) return problem
  }
  return undefined
}

export const TOPIC = ['topic', aText] as const
export const INPUT_OPTIONS = optionsOf(
  { ...TOPIC_SERDES, startMs: checkedInside, autoAdvanceMs: checkedInside },
  OF_A_TOPIC,
)
export const ADDED = optionsOf({ stateOf: optional(aFiniteNumber) })
export const REMOVED = optionsOf({ crash: optional(aBoolean) })

/** @throws MILLRACE_CONFIG_INVALID */
export function checkNumbers({ partitions, instances, initialWallClockMs }: TopologyTestDriverOptions): void {
  const counts = isPlainObject(partitions) ? Object.entries(partitions) : [['', partitions] as const]
  for (const [topic, count] of counts) {
    const option = topic === '' ? 'partitions' : `partitions of "${topic}"`
    if (count !== undefined) checkedConfigNumber(option, count, { from: 1 })
  }
  if (instances !== undefined) checkedConfigNumber('instances', instances, { from: 1 })
  if (initialWallClockMs !== undefined)
    checkedConfigNumber('initialWallClockMs', initialWallClockMs, { from: 0, of: 'milliseconds' })
}
