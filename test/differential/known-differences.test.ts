import { expect, it } from 'vitest'
import { knownFailure } from './known-differences.ts'

const failed = (store: string): string =>
  'org.apache.kafka.streams.errors.InvalidStateStoreException: KTable source state store must implement either ' +
  'TimestampedKeyValueStoreWithHeaders, or VersionedKeyValueStore. Got: ' +
  `org.apache.kafka.streams.processor.internals.AbstractReadWriteDecorator$${store}ReadWriteDecorator`

it.each<[string, string, boolean]>([
  ['sessions taken for values by key', failed('SessionStore'), true],
  ['windows taken for values by key', failed('TimestampedWindowStore'), true],
  [
    'no length',
    'StreamsException <- IllegalArgumentException: Window endMs must be greater than window startMs.',
    true,
  ],
  ['no topic', 'Failed to flush cache of store s <- NullPointerException: because "this.topic" is null', true],
  [
    'no topic for a held stream',
    'Exception caught while punctuating processor P <- NullPointerException: Cannot invoke "String.getBytes(java.nio.charset.Charset)" because "this.topic" is null',
    true,
  ],
  [
    'no aggregate',
    'NullPointerException: Cannot invoke "ValueAndTimestamp.value()" because "next.value" is null',
    true,
  ],
  ['no partition', 'processor=KTABLE-FK-JOIN-X <- IllegalArgumentException: Invalid partition: -1. Partition', true],
  ['values by key of another kind', failed('KeyValueStore'), false],
  ['another failure', 'java.lang.NullPointerException', false],
])('tells a known failure: %s', (_what, java, known) => {
  expect(knownFailure(java)).toBe(known)
})
