import {
  aFiniteNumber,
  aSerde,
  aText,
  type Check,
  checkedInside,
  type Fields,
  hasMethods,
  isPlainObject,
  mustBe,
  optional,
  optionsOf,
} from './check.ts'
import { OF_A_TOPIC } from './option-names.ts'
import { textSettings } from './options.ts'

/** Headers as records have them. An object of texts, as other clients take it, would lose their order. */
export const someHeaders: Check = (given, name) => {
  const usable =
    Array.isArray(given) &&
    given.every(
      (one: unknown) =>
        isPlainObject(one) &&
        typeof one['key'] === 'string' &&
        (one['value'] === null || ArrayBuffer.isView(one['value'])),
    )
  return usable ? undefined : mustBe(name, 'an array of { key, value }, whose values are bytes or null', given)
}

/** A record to write. One that was read has its place as well, which is ignored. */
export const aRecord = optionsOf({
  key: checkedInside,
  value: checkedInside,
  timestamp: checkedInside,
  headers: optional(someHeaders),
  partition: checkedInside,
  offset: checkedInside,
  topic: checkedInside,
})

/** The serdes of a topic that is written or read outside a topology. */
export const TOPIC_SERDES: Fields = { key: aSerde, value: aSerde }
export const topicSerdes = optionsOf(TOPIC_SERDES, OF_A_TOPIC)

/** A topic to create. */
export const aNewTopic = optionsOf(
  {
    name: aText,
    partitions: aFiniteNumber,
    replicationFactor: optional(aFiniteNumber),
    configs: optional(textSettings),
  },
  OF_A_TOPIC,
)

export const aLogger = hasMethods('a logger, such as consoleLogger()', 'debug', 'info', 'warn', 'error')
export const aRunningClock = hasMethods('a clock, such as systemClock', 'now', 'monotonic', 'sleep')
