import { checkedInside, optionsOf } from '../arguments/check.ts'
import { checkCall } from '../arguments/checked-methods.ts'
import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'
import type { StreamStreamJoinSpec } from '../operators/stream-stream-join.ts'
import { joinSideKey, joinSideValues } from '../formats/join-sides.ts'
import type { Serde } from '../serde/serde.ts'
import { changelogPlan, type StoreSettings } from '../state/store-builder.ts'
import type { GraphEntry, MemberProcessor, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { repartitionedForJoin } from './joins.ts'
import type { SerdeOf } from '../dsl/known-serdes.ts'
import { addLate, lateName, type OnLate } from './late.ts'
import type { LateOption } from '../dsl/late-option.ts'
import type { SerdeOptions } from '../dsl/options.ts'
import { sameGraph, type StreamPoint, streamPoint } from './point.ts'

/** The maximum time between two joined records, in milliseconds; see `joinWindows`. */
export interface JoinWindows {
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
}

export type JoinWindowsOptions = {
  /** How long late records are accepted, in milliseconds of stream time. It also decides how long records are stored. */
  readonly graceMs: number
} & (
  | {
      /** The maximum time between two records in either direction, in milliseconds. */
      readonly timeDifferenceMs: number
    }
  | {
      /** How much earlier the record of the right stream may be, in milliseconds. */
      readonly beforeMs: number
      /** How much later the record of the right stream may be, in milliseconds. */
      readonly afterMs: number
    }
)

/**
 * Returns join windows: records of two streams are joined if the time between them is within the limits, which are inclusive.
 *
 * @example
 * orders.join(payments, pay, { windows: joinWindows({ timeDifferenceMs: 60_000, graceMs: 10_000 }) })
 */
export function joinWindows(options: JoinWindowsOptions): JoinWindows {
  const fields = Object.hasOwn(Object(options ?? {}), 'timeDifferenceMs') ? ONE_DIFFERENCE : BEFORE_AND_AFTER
  checkCall('joinWindows', [['options', optionsOf(fields)]], [options])
  const [beforeMs, afterMs] =
    'timeDifferenceMs' in options
      ? [options.timeDifferenceMs, options.timeDifferenceMs]
      : [options.beforeMs, options.afterMs]
  const { graceMs } = options
  const check = (option: string, value: number, from: number) =>
    checkedNumber('joinWindows', option, value, { from, of: 'milliseconds' })
  if ('timeDifferenceMs' in options) {
    check('timeDifferenceMs', beforeMs, 0)
  } else {
    check('beforeMs', beforeMs, Number.MIN_SAFE_INTEGER)
    check('afterMs', afterMs, Number.MIN_SAFE_INTEGER)
    if (beforeMs + afterMs < 0)
      throw invalid(`the window must not end before it begins, but it is ${-beforeMs} to ${afterMs}`)
  }
  check('graceMs', graceMs, 0)
  return Object.freeze({ beforeMs, afterMs, graceMs })
}

const ONE_DIFFERENCE = { timeDifferenceMs: checkedInside, graceMs: checkedInside }
const BEFORE_AND_AFTER = { beforeMs: checkedInside, afterMs: checkedInside, graceMs: checkedInside }

function invalid(reason: string) {
  return millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: 'joinWindows', reason })
}

export interface StreamJoinOptions<K, V, VO> extends SerdeOptions<K, V>, LateOption<K, V> {
  readonly windows: JoinWindows
  /** The serde of the values of the other stream. @default the known serde */
  readonly otherValue?: SerdeOf<VO>
  /** The prefix of the names of the join's stores. @default generated names */
  readonly storeName?: string
  /** Whether the stores of the join have a changelog. @default true */
  readonly logging?: StoreSettings['logging']
  /** The type of the stores of the join. @default the store option of the application */
  readonly type?: StoreSettings['type']
  /** Like `onLate`, but for late records of the other stream. */
  readonly onLateOther?: LateOption<K, VO>['onLate']
}

interface ErasedOptions extends Omit<
  StreamJoinOptions<unknown, unknown, unknown>,
  'key' | 'value' | 'otherValue' | 'onLate' | 'onLateOther'
> {
  readonly onLate?: OnLate
  readonly onLateOther?: OnLate
  readonly key?: object
  readonly value?: object
  readonly otherValue?: object
}

/** The join of two streams: each keeps its records for the other, and in a left or outer join those without a partner wait. */
export function addStreamStreamJoin(
  one: StreamPoint,
  two: StreamPoint,
  join: 'inner' | 'left' | 'outer',
  joiner: StreamStreamJoinSpec['joiner'],
  options: ErasedOptions,
): StreamPoint {
  const { graph } = one
  const { names } = graph
  sameGraph(one, two, join === 'inner' ? 'join' : `${join}Join`)
  const given = optionalName(options.name, 'operator')
  const key = options.key as Serde<unknown> | undefined
  const oneValue = options.value as Serde<unknown> | undefined
  const twoValue = options.otherValue as Serde<unknown> | undefined
  // Both sides have keys of one type, so the serde of either will do.
  const keyOfBoth = one.keySerde ?? two.keySerde
  const ready = (from: StreamPoint, side: string, value: Serde<unknown> | undefined) =>
    from.repartitionRequired
      ? repartitionedForJoin(from, given && `${given}-${side}`, { key: key ?? from.keySerde ?? keyOfBoth, value })
      : from
  const left = ready(one, 'left', oneValue)
  const right = ready(two, 'right', twoValue)
  const sources = [...new Set([...left.sources, ...right.sources])]

  const thisOuter = join === 'outer' ? 'outer-' : ''
  const otherOuter = join === 'inner' ? '' : 'outer-'
  const thisWindowed = names.processorOr(given && `${given}-this-windowed`, 'KSTREAM-WINDOWED-')
  const otherWindowed = names.processorOr(given && `${given}-other-windowed`, 'KSTREAM-WINDOWED-')
  const thisPrefix = join === 'outer' ? 'KSTREAM-OUTERTHIS-' : 'KSTREAM-JOINTHIS-'
  const thisGenerated = names.processor(thisPrefix)
  const otherGenerated = names.processor(join === 'inner' ? 'KSTREAM-JOINOTHER-' : 'KSTREAM-OUTEROTHER-')
  const thisJoin = given === undefined ? thisGenerated : `${given}-${thisOuter}this-join`
  const otherJoin = given === undefined ? otherGenerated : `${given}-${otherOuter}other-join`
  const name = names.processorOr(given && `${given}-merge`, 'KSTREAM-MERGE-')
  graph.addCopartitioned({ operator: name, sources })

  const base = optionalName(options.storeName, 'store')
  const keySerde = key ?? left.keySerde
  const valueSerdes = [oneValue ?? left.valueSerde, twoValue ?? right.valueSerde] as const
  const windowStore = (store: string, valueSerde: Serde<unknown> | undefined) =>
    joinWindowStore(store, { keySerde, valueSerde }, options)
  const thisStore = windowStore(
    `${base === undefined ? thisGenerated : `${base}-${thisOuter}this-join`}-store`,
    valueSerdes[0],
  )
  const otherStore = windowStore(
    `${base === undefined ? otherGenerated : `${base}-${otherOuter}other-join`}-store`,
    valueSerdes[1],
  )
  const shared =
    base === undefined
      ? `KSTREAM-OUTERSHARED-${thisGenerated.slice(thisPrefix.length)}-store`
      : `${base}-${join === 'outer' ? 'outer' : 'left'}-shared-join-store`
  const unmatched = join === 'inner' ? undefined : unmatchedStore(shared, keySerde, valueSerdes, options)

  const { onLate, onLateOther } = options
  const thisEntry = windowEntry(thisWindowed, thisStore, onLate)
  const otherEntry = windowEntry(otherWindowed, otherStore, onLateOther)
  graph.add(thisEntry, [left.entry])
  graph.add(otherEntry, [right.entry])
  addLate([thisEntry], { graph, name: thisWindowed, sources: left.sources, keySerde }, onLate)
  addLate([otherEntry], { graph, name: otherWindowed, sources: right.sources, keySerde }, onLateOther)
  const { beforeMs, afterMs, graceMs } = options.windows
  const waiting = unmatched && { store: unmatched.name, leftWaitsMs: afterMs, rightWaitsMs: beforeMs, graceMs }
  const side = (
    which: 'left' | 'right',
    other: StoreDraft,
    times: Pick<StreamStreamJoinSpec, 'beforeMs' | 'afterMs' | 'keepsUnmatched'>,
  ): MemberProcessor => ({
    name: which === 'left' ? thisJoin : otherJoin,
    operator: { type: 'streamStreamJoin', side: which, joiner, otherStore: other.name, ...times, unmatched: waiting },
    parents: [which === 'left' ? thisWindowed : otherWindowed],
    stores: unmatched === undefined ? [other.name] : [other.name, unmatched.name],
  })
  // Spares the other window, and so cannot be where somebody wants to know what was late for it.
  const selfJoin = () => ({
    spares: otherEntry,
    member: {
      name,
      operator: {
        type: 'streamSelfJoin',
        passesNullKeys: join !== 'inner',
        joiner,
        store: thisStore.name,
        beforeMs,
        afterMs,
        graceMs,
      } as const,
      parents: [thisWindowed],
      stores: [thisStore.name],
    },
  })
  const entry: GraphEntry = {
    kind: 'processors',
    name,
    parents: [],
    members: () => [
      side('left', otherStore, { beforeMs, afterMs, keepsUnmatched: join !== 'inner' }),
      side('right', thisStore, { beforeMs: afterMs, afterMs: beforeMs, keepsUnmatched: join === 'outer' }),
      { name, operator: { type: 'passThrough' }, parents: [thisJoin, otherJoin], stores: [] },
    ],
    owns: () => (unmatched === undefined ? [] : [unmatched]),
    ...(onLateOther === undefined ? { selfJoin: selfJoin() } : {}),
  }
  graph.add(entry, [thisEntry, otherEntry])
  return streamPoint({ graph, entry, name, sources, keySerde, valueSerde: undefined, repartitionRequired: false })
}

function windowEntry(name: string, store: StoreDraft, onLate: OnLate): GraphEntry {
  const late = onLate === undefined ? {} : { late: lateName(name, onLate) }
  return {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({ type: 'joinWindow', store: store.name, ...late }),
    connects: () => [],
    owns: () => [store],
  }
}

function joinWindowStore(
  name: string,
  serdes: Pick<StoreDraft, 'keySerde' | 'valueSerde'>,
  { windows, logging, type }: ErasedOptions,
): StoreDraft {
  const windowSizeMs = windows.beforeMs + windows.afterMs
  return {
    name,
    kind: 'window',
    timestamped: false,
    ...serdes,
    ...(type === undefined ? {} : { type }),
    caching: false,
    changelog: changelogPlan(name, logging),
    windowSizeMs,
    retentionMs: windowSizeMs + windows.graceMs,
    retainDuplicates: true,
    logsHeaders: true,
  }
}

function unmatchedStore(
  name: string,
  keySerde: Serde<unknown> | undefined,
  [left, right]: readonly [Serde<unknown> | undefined, Serde<unknown> | undefined],
  { logging, type }: ErasedOptions,
): StoreDraft {
  return {
    name,
    kind: 'key-value',
    timestamped: false,
    keySerde: keySerde && joinSideKey(keySerde),
    valueSerde: left && right && joinSideValues(left, right),
    ...(type === undefined ? {} : { type }),
    caching: false,
    changelog: changelogPlan(name, logging),
  }
}
