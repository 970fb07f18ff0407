import { checkedNumber } from '../errors/number-option.ts'
import type { DeduplicateSpec } from '../operators/deduplicate.ts'
import type { Awaitable } from '../operators/spec.ts'
import { keyAndId, recordOrigin } from '../formats/seen-record.ts'
import type { Serde } from '../serde/serde.ts'
import { changelogPlan, type StoreSettings } from '../state/store-builder.ts'
import type { DraftSerdes, GraphEntry, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { addLate, lateName, type OnLate } from './late.ts'
import type { LateOption } from '../dsl/late-option.ts'
import type { SerdeOptions } from '../dsl/options.ts'
import { type StreamPoint, streamPoint } from './point.ts'
import { repartitionEntry } from './repartition.ts'

/** Options of `deduplicate`. All times are in milliseconds. */
export interface DeduplicateOptions<K, V, ID> extends SerdeOptions<K, V>, LateOption<K, V> {
  /**
   * Returns the id of a record. Records with the same key and the same id are repetitions. A record without an id (null,
   * undefined) is always forwarded.
   */
  readonly by: (value: V, key: K) => Awaitable<ID | null | undefined>
  /** The serde of the ids. Two ids are equal if their bytes are equal. */
  readonly id: Serde<ID>
  /**
   * The maximum distance between the timestamps of two equal records, in either direction, for the second to be a repetition.
   */
  readonly withinMs: number
  /**
   * How long late records are accepted, in milliseconds of stream time. Later records are dropped, see `onLate`.
   * @default the value of `withinMs`
   */
  readonly graceMs?: number
  /** The store of forwarded ids: a name, or its settings. @default a generated name */
  readonly store?: string | (Pick<StoreSettings, 'type' | 'logging'> & { readonly name?: string })
}

interface ErasedOptions extends Omit<
  DeduplicateOptions<unknown, unknown, unknown>,
  'by' | 'id' | 'key' | 'value' | 'onLate'
> {
  readonly by: DeduplicateSpec['by']
  readonly id: object
  readonly key?: object
  readonly value?: object
  readonly onLate?: OnLate
}

/** @throws MILLRACE_TOPOLOGY_OPTION_INVALID */
export function addDeduplicate(stream: StreamPoint, options: ErasedOptions): StreamPoint {
  const { graph } = stream
  const { by, id, withinMs, graceMs = withinMs, onLate } = options
  checkTime('withinMs', withinMs, 1)
  checkTime('graceMs', graceMs, 0)
  const name = graph.names.processorOr(optionalName(options.name, 'operator'), 'KSTREAM-DEDUPLICATE-')
  const { name: storeName, ...settings } =
    typeof options.store === 'string' ? { name: options.store } : (options.store ?? {})
  const serdes: DraftSerdes = {
    keySerde: (options.key as Serde<unknown> | undefined) ?? stream.keySerde,
    valueSerde: (options.value as Serde<unknown> | undefined) ?? stream.valueSerde,
  }
  const store = seenStore(
    optionalName(storeName, 'store') ?? graph.names.store('KSTREAM-DEDUPLICATE-'),
    serdes.keySerde && keyAndId(serdes.keySerde, id as Serde<unknown>),
    { ...settings, withinMs, graceMs },
  )

  // Records are told to be the same where they meet, which is where their keys are distributed.
  const redistributed = stream.repartitionRequired
    ? repartitionEntry(graph, {
        prefix: optionalName(options.name, 'operator') ?? store.name,
        calledFor: 'deduplicate',
        ...serdes,
      })
    : undefined
  if (redistributed !== undefined) graph.add(redistributed, [stream.entry])
  const sources = redistributed === undefined ? stream.sources : [redistributed.name]
  const late = onLate === undefined ? {} : { late: lateName(name, onLate) }
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({ type: 'deduplicate', store: store.name, by, withinMs, graceMs, ...late }),
    connects: () => [],
    owns: () => [store],
  }
  graph.add(entry, [redistributed ?? stream.entry])
  addLate([entry], { graph, name, sources, keySerde: serdes.keySerde }, onLate)
  return streamPoint({ graph, entry, name, sources, ...serdes, repartitionRequired: false })
}

function seenStore(
  name: string,
  keySerde: Serde<unknown> | undefined,
  options: Pick<StoreSettings, 'type' | 'logging'> & { readonly withinMs: number; readonly graceMs: number },
): StoreDraft {
  const { type, logging, withinMs, graceMs } = options
  return {
    name,
    kind: 'window',
    timestamped: false,
    keySerde,
    valueSerde: recordOrigin,
    ...(type === undefined ? {} : { type }),
    // What passes is put once and never changed: there is nothing to hold back.
    caching: false,
    changelog: changelogPlan(name, logging),
    windowSizeMs: withinMs,
    // The oldest record that is not late may repeat one that is older by `withinMs`, which a store shows for as long, inclusive.
    retentionMs: withinMs + graceMs + 1,
    byRange: true,
  }
}

function checkTime(option: string, value: number, least: number): void {
  checkedNumber('deduplicate', option, value, { from: least, of: 'milliseconds' })
}
