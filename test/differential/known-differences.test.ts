import { expect, it } from 'vitest'
import { looksUpCogroupedWindows } from './known-differences.ts'

const failed = (store: string): string =>
  'org.apache.kafka.streams.errors.InvalidStateStoreException: KTable source state store must implement either ' +
  'TimestampedKeyValueStoreWithHeaders, or VersionedKeyValueStore. Got: ' +
  `org.apache.kafka.streams.processor.internals.AbstractReadWriteDecorator$${store}ReadWriteDecorator`

it.each<[string, string, boolean]>([
  ['sessions taken for values by key', failed('SessionStore'), true],
  ['windows taken for values by key', failed('TimestampedWindowStore'), true],
  ['values by key of another kind', failed('KeyValueStore'), false],
  ['another failure', 'java.lang.NullPointerException', false],
])('tells a known failure to start: %s', (_what, java, known) => {
  expect(looksUpCogroupedWindows(java)).toBe(known)
})
