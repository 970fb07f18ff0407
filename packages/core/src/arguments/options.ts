import { optionalName } from '../topology/naming.ts'
import {
  aBoolean,
  aFunction,
  aSerde,
  aText,
  type Check,
  checkedInside,
  either,
  type Fields,
  isPlainObject,
  listOf,
  mustBe,
  oneOf,
  optional,
  optionsOf,
  wrongField,
} from './check.ts'

/*
 * The options that several functions have. Names and numbers are checked where they are used, since their rules (which characters, which
 * range) are stated there.
 */

const serde = optional(aSerde)
const callback = optional(aFunction)

export const NAME: Fields = { name: checkedInside }
export const SERDES: Fields = { ...NAME, key: serde, value: serde }
export const LATE: Fields = { onLate: callback }

/** Settings of a topic, which are texts in Kafka. */
export const textSettings: Check = (given, name) => {
  if (!isPlainObject(given)) return mustBe(name, 'an object with settings of the topic', given)
  return wrongField(given, Object.fromEntries(Object.keys(given).map(setting => [setting, aText])))
}

const logging = optional(either('true, false, or settings of the topic as texts', aBoolean, textSettings))
const storeType = optional(oneOf('persistent', 'memory'))
export const LOGGING: Fields = { logging }
export const STORE_TYPE: Fields = { type: storeType }

/** Has an error of its own, which comes before those that name the store. */
const storeName: Check = given => {
  optionalName(given as string | undefined, 'store')
  return undefined
}
const STORE_NAME: Fields = { name: storeName }

const STORE_SETTINGS: Fields = { ...STORE_TYPE, caching: optional(aBoolean), ...LOGGING }
const TTL: Fields = { ttlMs: checkedInside, ttlBy: optional(oneOf('stream-time', 'wall-clock')) }
/** Where they are not supported, the error says why. */
const UNSUPPORTED: Fields = { ...TTL, maxEntries: checkedInside, historyRetentionMs: checkedInside }
/** Serdes are given beside the store, which the error says. */
const BESIDE: Fields = { key: checkedInside, value: checkedInside }

const storeOption = (fields: Fields): Fields => ({
  store: (given, name) =>
    given === undefined || typeof given === 'string' ? undefined : storeObject(optionsOf(fields), given, name),
})

function storeObject(check: Check, given: unknown, name: string): string | undefined {
  if (!isPlainObject(given)) return mustBe(name, 'the name of the store, or an object with its settings', given)
  return check(given, name)
}

export const STORE = storeOption({ ...STORE_NAME, ...BESIDE, ...STORE_SETTINGS, ...UNSUPPORTED })
export const WINDOW_STORE = storeOption({
  ...STORE_NAME,
  ...BESIDE,
  ...STORE_SETTINGS,
  ...UNSUPPORTED,
  retentionMs: checkedInside,
})
export const GLOBAL_STORE = storeOption({ ...STORE_NAME, ...BESIDE, ...STORE_TYPE, ...UNSUPPORTED })
export const SEEN_STORE = storeOption({ ...STORE_NAME, ...STORE_TYPE, ...LOGGING })

export const SOURCE: Fields = {
  ...SERDES,
  timestampExtractor: callback,
  onBadTimestamp: optional(oneOf('fail', 'skip', 'partition-time')),
  offsetReset: optional(
    either(
      '"earliest", "latest", "none" or { backMs }',
      oneOf('earliest', 'latest', 'none'),
      optionsOf({ backMs: checkedInside }),
    ),
  ),
}

/** The builder of a store, or of anything that looks like one, since another copy's does as well. */
export const aStoreBuilder: Check = (given, name) => {
  const { draft } = Object(given ?? {}) as { readonly draft?: unknown }
  return typeof draft === 'object' && draft !== null
    ? undefined
    : mustBe(name, 'the builder of a store, such as keyValueStore({ … })', given)
}

export const PROCESS: Fields = {
  ...SERDES,
  stores: optional(
    listOf(
      either('the builder of a store, or the name of one', aStoreBuilder, aText),
      'an array of builders of stores, or of their names',
    ),
  ),
}

/** The options of the functions that return the builder of a store. */
export const NAMED_STORE: Fields = { ...STORE_NAME, key: serde, value: serde, ...STORE_SETTINGS, ...TTL }

/** Numbers of windows that were made by hand, without `tumbling` and the others. */
const NUMBERS_OF_WINDOWS: Readonly<Record<string, readonly string[]>> = {
  time: ['sizeMs', 'advanceMs', 'graceMs'],
  sliding: ['timeDifferenceMs', 'graceMs'],
  session: ['inactivityGapMs', 'graceMs'],
  unlimited: ['startMs'],
  custom: ['sizeMs', 'graceMs'],
}

const aNumber: Check = (given, name) =>
  typeof given === 'number' && !Number.isNaN(given) ? undefined : mustBe(name, 'a number', given)

export const someWindows: Check = (given, name) => {
  const type = isPlainObject(given) ? given['type'] : undefined
  const numbers = typeof type === 'string' ? NUMBERS_OF_WINDOWS[type] : undefined
  if (numbers === undefined)
    return mustBe(name, 'windows, such as tumbling({ … }) or sessions({ … }) return them', given)
  const wrong = wrongField(
    given as Record<string, unknown>,
    Object.fromEntries(numbers.map(number => [number, aNumber])),
  )
  return wrong === undefined ? undefined : `${name}: ${wrong}`
}

export const someJoinWindows: Check = (given, name) => {
  const fields: Fields = { beforeMs: aNumber, afterMs: aNumber, graceMs: aNumber }
  return isPlainObject(given) && wrongField(given, fields) === undefined
    ? undefined
    : mustBe(name, 'windows that joinWindows({ … }) returns', given)
}
