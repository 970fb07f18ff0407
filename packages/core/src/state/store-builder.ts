import { checkedInside, type Fields, optional, optionsOf, aBoolean } from '../arguments/check.ts'
import { checkCall } from '../arguments/checked-methods.ts'
import { NAMED_STORE } from '../arguments/options.ts'
import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'
import type { Serde } from '../serde/serde.ts'
import type { StoreDraft } from '../topology/graph.ts'
import { changelogTopic } from '../topology/internal-topics.ts'
import { checkedName } from '../topology/naming.ts'
import type { ChangelogPlan } from '../topology/plan.ts'
import type { KeyValueStore, SessionStore, VersionedKeyValueStore, WindowStore } from './store-types.ts'
import { BOUNDED_BY_NUMBER, checkedMaxEntries } from './max-entries.ts'
import { checkedTtl, EXPIRE_BY_HISTORY, EXPIRE_BY_RETENTION, refuseTtl, type TtlSettings } from './ttl.ts'

/**
 * A store that a processor may use: make one with `keyValueStore` or `windowStore`, add it with `builder.addStateStore`, and
 * connect it by name. `Store` is what `context.store(builder)` gives.
 */
export interface StoreBuilder<Store = unknown> {
  readonly name: string
  readonly draft: StoreDraft
  /** Never there: carries the type only. */
  readonly store?: Store
}

export interface StoreSettings {
  /** @default the application's store */
  readonly type?: 'persistent' | 'memory'
  /**
   * Whether to cache: one write and one emission per key and commit instead of one per update.
   * @default depends on the operator
   */
  readonly caching?: boolean
  /**
   * Whether the store has a changelog topic, so that it survives the loss of the machine, and settings of that topic.
   * @default true
   */
  readonly logging?: boolean | Readonly<Record<string, string>>
}

export interface NamedStoreOptions<K, V> extends StoreSettings {
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
}

export interface KeyValueStoreOptions<K, V> extends NamedStoreOptions<K, V>, TtlSettings {}

export interface LruMapOptions<K, V> extends Omit<NamedStoreOptions<K, V>, 'type'> {
  /** The maximum number of entries in each partition of the store. */
  readonly maxEntries: number
}

export interface WindowStoreOptions<K, V> extends NamedStoreOptions<K, V> {
  /** The length of a window, in milliseconds. */
  readonly windowSizeMs: number
  /** How long a window is kept, counted from its start, in milliseconds of stream time; at least `windowSizeMs`. */
  readonly retentionMs: number
  /** Several values may have the same key and start; each put adds one. @default false */
  readonly retainDuplicates?: boolean
}

export interface SessionStoreOptions<K, V> extends NamedStoreOptions<K, V> {
  /** How long a session is kept, counted from its end, in milliseconds of stream time. */
  readonly retentionMs: number
}

export interface VersionedStoreOptions<K, V> extends Omit<NamedStoreOptions<K, V>, 'caching'> {
  /** How long old versions are kept, in milliseconds of stream time. Late versions are accepted for the same time. */
  readonly historyRetentionMs: number
}

/**
 * Returns the builder of a key-value store. Caching is off by default.
 *
 * @example
 * const seen = keyValueStore({ name: 'seen', key: string(), value: long() })
 * builder.addStateStore(seen)
 */
export function keyValueStore<K, V>(options: KeyValueStoreOptions<K, V>): StoreBuilder<KeyValueStore<K, V>> {
  checkStore('keyValueStore', options, FIELDS.keyValueStore)
  const { name } = options
  return { name, draft: { ...commonDraft(options), kind: 'key-value', ...checkedTtl(options, `store "${name}"`) } }
}

/**
 * Returns the builder of an in-memory key-value store with at most `maxEntries` entries. A further entry evicts the least
 * recently read or written one, which is logged as deleted. Caching is off by default. Kafka Streams' `Stores.lruMap`.
 *
 * @example
 * const recent = lruMap({ name: 'recent', key: string(), value: long(), maxEntries: 1_000 })
 */
export function lruMap<K, V>(options: LruMapOptions<K, V>): StoreBuilder<KeyValueStore<K, V>> {
  checkStore('lruMap', options, FIELDS.lruMap)
  const { name, maxEntries } = options
  refuseTtl(options, `lruMap "${name}"`, BOUNDED_BY_NUMBER)
  const { type } = options as StoreSettings
  const bound = checkedMaxEntries(maxEntries, type, `lruMap "${name}"`)
  return { name, draft: { ...commonDraft(options), kind: 'key-value', ...bound } }
}

/** Returns the builder of a window store. Caching is off by default. */
export function windowStore<K, V>(options: WindowStoreOptions<K, V>): StoreBuilder<WindowStore<K, V>> {
  checkStore('windowStore', options, FIELDS.windowStore)
  const { name, windowSizeMs, retentionMs } = options
  refuseTtl(options, `windowStore "${name}"`, EXPIRE_BY_RETENTION)
  checkTime(`windowStore "${name}"`, 'windowSizeMs', windowSizeMs)
  checkTime(`windowStore "${name}"`, 'retentionMs', retentionMs)
  if (retentionMs < windowSizeMs) {
    const reason = `retentionMs must be at least windowSizeMs, but they are ${retentionMs} and ${windowSizeMs}`
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `windowStore "${name}"`, reason })
  }
  const duplicates = options.retainDuplicates === true ? { retainDuplicates: true, caching: false } : {}
  return { name, draft: { ...commonDraft(options), kind: 'window', windowSizeMs, retentionMs, ...duplicates } }
}

/** Returns the builder of a session store. Caching is off by default. */
export function sessionStore<K, V>(options: SessionStoreOptions<K, V>): StoreBuilder<SessionStore<K, V>> {
  checkStore('sessionStore', options, FIELDS.sessionStore)
  const { name, retentionMs } = options
  refuseTtl(options, `sessionStore "${name}"`, EXPIRE_BY_RETENTION)
  checkTime(`sessionStore "${name}"`, 'retentionMs', retentionMs)
  return { name, draft: { ...commonDraft(options), kind: 'session', retentionMs } }
}

/**
 * Returns the builder of a versioned store. It is never cached.
 *
 * @example
 * const prices = versionedStore({ name: 'prices', key: string(), value: double(), historyRetentionMs: 3_600_000 })
 */
export function versionedStore<K, V>(options: VersionedStoreOptions<K, V>): StoreBuilder<VersionedKeyValueStore<K, V>> {
  checkStore('versionedStore', options, FIELDS.versionedStore)
  const { name, historyRetentionMs } = options
  refuseTtl(options, `versionedStore "${name}"`, EXPIRE_BY_HISTORY)
  const draft = { ...commonDraft(options), caching: false, kind: 'versioned' as const }
  return {
    name,
    draft: { ...draft, historyRetentionMs: checkedHistory(historyRetentionMs, `versionedStore "${name}"`) },
  }
}

const FIELDS = {
  keyValueStore: NAMED_STORE,
  lruMap: { ...NAMED_STORE, maxEntries: checkedInside },
  windowStore: {
    ...NAMED_STORE,
    windowSizeMs: checkedInside,
    retentionMs: checkedInside,
    retainDuplicates: optional(aBoolean),
  },
  sessionStore: { ...NAMED_STORE, retentionMs: checkedInside },
  versionedStore: { ...NAMED_STORE, historyRetentionMs: checkedInside },
} satisfies Record<string, Fields>

function checkStore(called: string, options: unknown, fields: Fields): void {
  checkCall(called, [['options', optionsOf(fields)]], [options])
}

/** @throws MILLRACE_TOPOLOGY_OPTION_INVALID */
export function checkedHistory(historyRetentionMs: number, operator: string): number {
  return checkedNumber(operator, 'historyRetentionMs', historyRetentionMs, { from: 0, of: 'milliseconds' })
}

/** Infinity for windows that never end. */
function checkTime(operator: string, option: string, value: number): void {
  checkedNumber(operator, option, value, { from: 1, orInfinity: true, of: 'milliseconds' })
}

/** The changelog that `logging` asks for. */
export function changelogPlan(store: string, logging: StoreSettings['logging']): ChangelogPlan | undefined {
  if (logging === false) return undefined
  const configs = typeof logging === 'object' ? { ...logging } : {}
  return { topic: changelogTopic(store), isSource: false, configs }
}

function commonDraft<K, V>(options: NamedStoreOptions<K, V>) {
  return {
    name: checkedName(options.name, 'store'),
    timestamped: false,
    keySerde: options.key as Serde<unknown>,
    valueSerde: options.value as Serde<unknown>,
    ...(options.type === undefined ? {} : { type: options.type }),
    caching: options.caching ?? false,
    changelog: changelogPlan(options.name, options.logging),
  }
}
