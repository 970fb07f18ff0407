import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'
import type { EmitStrategy, WindowsSpec } from '../windows/windows-spec.ts'
import type { Serde } from '../serde/serde.ts'
import type { SerdeFor } from '../dsl/known-serdes.ts'
import { changelogPlan, checkedHistory, type StoreSettings } from '../state/store-builder.ts'
import {
  BOUNDED_BY_NUMBER,
  checkedMaxEntries,
  type MaxEntriesSettings,
  refuseMaxEntries,
} from '../state/max-entries.ts'
import { checkedTtl, EXPIRE_BY_HISTORY, EXPIRE_BY_RETENTION, refuseTtl, type TtlSettings } from '../state/ttl.ts'
import type { DraftSerdes, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'

/** The `store` option of an operator, taken apart. */
export interface StoreChoice extends StoreSettings, TtlSettings, MaxEntriesSettings {
  /** Whether the option was given at all, with or without a name: it decides which numbers are spent. */
  readonly given: boolean
  readonly name: string | undefined
  readonly key: Serde<unknown> | undefined
  readonly value: Serde<unknown> | undefined
  readonly retentionMs?: number
  readonly historyRetentionMs?: number
}

/** Serdes that were given beside a store. */
export interface GivenSerdes {
  readonly key?: SerdeFor<never> | undefined
  readonly value?: SerdeFor<never> | undefined
}

export type StoreOption =
  | string
  | (StoreSettings &
      TtlSettings &
      MaxEntriesSettings & {
        readonly name?: string
        readonly retentionMs?: number
        readonly historyRetentionMs?: number
      })

export function storeChoice(option: StoreOption | undefined, serdes: GivenSerdes = {}): StoreChoice {
  const key = serdes.key
  const value = serdes.value
  if (option === undefined) return { given: false, name: undefined, key, value }
  if (typeof option === 'string') return { given: true, name: optionalName(option, 'store'), key, value }
  const { name, ...settings } = option
  for (const side of ['key', 'value'] as const) {
    if (side in settings)
      throw invalidStore(name ?? '', `the ${side} serde is given beside the store: { ${side}, store }`)
  }
  if (settings.historyRetentionMs !== undefined) {
    checkedHistory(settings.historyRetentionMs, `store "${name}"`)
    // A table without a name for its store may have none: then nobody would keep versions.
    if (name === undefined) throw invalidStore('(without a name)', 'a store with historyRetentionMs needs a name')
    refuseTtl(settings, `store "${name}"`, EXPIRE_BY_HISTORY)
  }
  for (const limit of ['ttlMs', 'maxEntries'] as const) {
    if (settings[limit] !== undefined && name === undefined) {
      throw invalidStore('(without a name)', `a store with ${limit} needs a name`)
    }
  }
  if (settings.maxEntries !== undefined) {
    refuseTtl(settings, `store "${name}"`, BOUNDED_BY_NUMBER)
    if (settings.historyRetentionMs !== undefined) throw invalidStore(`${name}`, 'a versioned store has no maxEntries')
  }
  return {
    given: true,
    name: optionalName(name, 'store'),
    key,
    value,
    ...settings,
  }
}

/** The store of a table: values by key with their timestamps, cached and logged unless the user says otherwise. */
export function tableStore(name: string, choice: StoreChoice, serdes: DraftSerdes): StoreDraft {
  const { historyRetentionMs } = choice
  return {
    name,
    kind: 'key-value',
    timestamped: true,
    keySerde: choice.key ?? serdes.keySerde,
    valueSerde: choice.value ?? serdes.valueSerde,
    ...(choice.type === undefined ? {} : { type: choice.type }),
    caching: choice.caching ?? true,
    changelog: changelogPlan(name, choice.logging),
    ...(choice.maxEntries === undefined ? {} : checkedMaxEntries(choice.maxEntries, choice.type, `store "${name}"`)),
    ...checkedTtl(choice, `store "${name}"`),
    ...(historyRetentionMs === undefined
      ? {}
      : { kind: 'versioned', timestamped: false, caching: false, historyRetentionMs }),
  }
}

function invalidStore(name: string, reason: string): Error {
  return millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `store "${name}"`, reason })
}

/** The store of a windowed aggregation. Keeps windows for as long as records may still come into them, or longer. */
export function windowedTableStore(
  name: string,
  choice: StoreChoice,
  serdes: DraftSerdes,
  windowedBy: { readonly windows: WindowsSpec; readonly emit: EmitStrategy },
): StoreDraft {
  const { windows, emit } = windowedBy
  if (choice.historyRetentionMs !== undefined) throw invalidStore(name, 'windows cannot be versioned')
  refuseTtl(choice, `store "${name}"`, EXPIRE_BY_RETENTION)
  refuseMaxEntries(choice, `store "${name}"`, 'a store of windows has no maxEntries')
  const onClose = emit === 'on-close'
  const least = leastRetentionMs(windows)
  const { retentionMs = least } = choice
  checkedNumber(`store "${name}"`, 'retentionMs', retentionMs, { from: 0, orInfinity: true, of: 'milliseconds' })
  if (!(retentionMs >= least)) {
    const reason = `retentionMs is ${retentionMs}, but the windows and their grace period require at least ${least}`
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `store "${name}"`, reason })
  }
  const store = { ...tableStore(name, choice, serdes), retentionMs }
  const closes = onClose ? { emitsOnClose: true, byRange: true } : {}
  switch (windows.type) {
    case 'time':
    case 'unlimited':
      return { ...store, kind: 'window', windowSizeMs: windows.sizeMs, ...closes }
    case 'custom':
      return { ...store, kind: 'window', windowSizeMs: windows.sizeMs, windowsName: windows.name, ...closes }
    case 'sliding':
      return {
        ...store,
        kind: 'window',
        windowSizeMs: windows.timeDifferenceMs,
        ...closes,
        byRange: true,
        caching: store.caching && !onClose,
      }
    case 'session':
      return { ...store, kind: 'session', timestamped: false, caching: store.caching && !onClose }
  }
}

/** How long an operator may still ask for a window, from its start, or for a session, from its end. */
function leastRetentionMs(windows: WindowsSpec): number {
  switch (windows.type) {
    case 'time':
    case 'custom':
      return windows.sizeMs + windows.graceMs
    case 'unlimited':
      return Number.MAX_SAFE_INTEGER
    case 'sliding':
      return 2 * windows.timeDifferenceMs + windows.graceMs
    case 'session':
      return windows.inactivityGapMs + windows.graceMs
  }
}
