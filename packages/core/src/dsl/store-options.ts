import { millraceError } from '../errors/millrace-error.ts'
import type { Serde } from '../serde/serde.ts'
import { changelogPlan, type StoreSettings } from '../state/store-builder.ts'
import type { DraftSerdes, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'

/** The `store` option of an operator, taken apart. */
export interface StoreChoice extends StoreSettings {
  /** Whether the option was given at all, with or without a name: it decides which numbers are spent. */
  readonly given: boolean
  readonly name: string | undefined
  readonly key: Serde<unknown> | undefined
  readonly value: Serde<unknown> | undefined
  readonly retentionMs?: number
}

export type StoreOption =
  | string
  | (StoreSettings & {
      readonly name?: string
      readonly key?: object
      readonly value?: object
      readonly retentionMs?: number
    })

export function storeChoice(option: StoreOption | undefined): StoreChoice {
  if (option === undefined) return { given: false, name: undefined, key: undefined, value: undefined }
  if (typeof option === 'string') {
    return { given: true, name: optionalName(option, 'store'), key: undefined, value: undefined }
  }
  const { name, key, value, ...settings } = option
  return {
    given: true,
    name: optionalName(name, 'store'),
    key: key as Serde<unknown> | undefined,
    value: value as Serde<unknown> | undefined,
    ...settings,
  }
}

/** The store of a table: values by key with their timestamps, cached and logged unless the user says otherwise. */
export function tableStore(name: string, choice: StoreChoice, serdes: DraftSerdes): StoreDraft {
  return {
    name,
    kind: 'key-value',
    timestamped: true,
    keySerde: choice.key ?? serdes.keySerde,
    valueSerde: choice.value ?? serdes.valueSerde,
    ...(choice.type === undefined ? {} : { type: choice.type }),
    caching: choice.caching ?? true,
    changelog: changelogPlan(name, choice.logging),
  }
}

/** The store of a windowed aggregation. Keeps windows for their size and grace at least. */
export function windowedTableStore(
  name: string,
  choice: StoreChoice,
  serdes: DraftSerdes,
  windows: { readonly sizeMs: number; readonly graceMs: number },
): StoreDraft {
  const least = windows.sizeMs + windows.graceMs
  const retentionMs = choice.retentionMs ?? least
  if (!(retentionMs >= least)) {
    const reason = `retentionMs is ${retentionMs}, but the window's size and grace need ${least}`
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `store "${name}"`, reason })
  }
  return { ...tableStore(name, choice, serdes), kind: 'window', windowSizeMs: windows.sizeMs, retentionMs }
}
