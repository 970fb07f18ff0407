import type { OperatorKind, OperatorSpec, SpecOf } from './spec.ts'
import {
  aggregateFunctions,
  joiner,
  supplier,
  tableAggregateFunctions,
  type UserFunction,
  valueFirst,
} from './user-function.ts'

/** What the engine and the rules of topologies have to know of a kind of operator. A row states every trait, or begins with a group that does. */
interface Traits<Spec> {
  /** It passes on the key, and the timestamp, of each record as they came. */
  readonly keepsKeyAndTime: (spec: Spec) => boolean
  /** It looks at nothing but whether the key is null. */
  readonly looksAtNothing: boolean
  /** It has a result for a record without a key, so that a repartition topic before it must keep such records. */
  readonly usesNullKeys: (spec: Spec) => boolean
  /** What it counts as where Kafka Streams merges repartition topics. What a processor changes counts only where that was asked for. */
  readonly rewrites: (spec: Spec) => 'key' | 'value' | 'key-by-processor' | 'value-by-processor' | 'nothing'
  /**
   * How far behind stream time the results may be that it still has to give when no further record comes, in milliseconds: of
   * windows that are not closed, records that wait for a partner, updates that are held back.
   */
  readonly holdsBackMs: (spec: Spec) => number
  /** It decides what its store holds; others only look into one. */
  readonly ownsStore: boolean
  readonly functions: (spec: Spec) => readonly UserFunction[]
}

const always = () => true
const never = () => false
const nothing = () => 'nothing' as const
const atOnce = () => 0
const none = () => []

/** Of an operator that hands each record on as it came, or not at all. */
const PASSES = {
  keepsKeyAndTime: always,
  looksAtNothing: false,
  usesNullKeys: never,
  rewrites: nothing,
  holdsBackMs: atOnce,
  ownsStore: false,
} as const

/** Of an operator whose results have keys or times of their own. */
const MAKES = { ...PASSES, keepsKeyAndTime: never } as const

const AGGREGATES = { ...MAKES, ownsStore: true } as const
/** Of a table, or of what makes one of another: it may have a store. */
const KEEPS = { ...PASSES, ownsStore: true } as const

const OPERATOR_TRAITS = {
  filter: { ...PASSES, functions: spec => [valueFirst('predicate', spec.predicate)] },
  map: { ...MAKES, rewrites: () => 'key', functions: spec => [valueFirst('mapper', spec.mapper)] },
  mapValues: { ...PASSES, rewrites: () => 'value', functions: spec => [valueFirst('mapper', spec.mapper)] },
  mapValuesAsync: { ...PASSES, rewrites: () => 'value', functions: spec => [valueFirst('mapper', spec.mapper)] },
  flatMap: { ...MAKES, rewrites: () => 'key', functions: spec => [valueFirst('mapper', spec.mapper)] },
  flatMapValues: { ...PASSES, rewrites: () => 'value', functions: spec => [valueFirst('mapper', spec.mapper)] },
  selectKey: { ...MAKES, rewrites: () => 'key', functions: spec => [valueFirst('mapper', spec.mapper)] },
  passThrough: { ...PASSES, looksAtNothing: true, functions: none },
  branch: {
    ...PASSES,
    functions: spec => spec.branches.map(({ predicate }) => valueFirst('predicate', predicate)),
  },
  peek: { ...PASSES, functions: spec => [valueFirst('action', spec.action)] },
  print: { ...PASSES, functions: spec => [{ ...valueFirst('mapper', spec.mapper), optional: true }] },
  repartitionFilter: { ...PASSES, looksAtNothing: true, functions: none },
  process: {
    ...MAKES,
    ownsStore: true,
    rewrites: spec => (spec.fixedKey ? 'value-by-processor' : 'key-by-processor'),
    functions: spec => [supplier(spec.supplier)],
  },
  aggregate: { ...AGGREGATES, functions: spec => aggregateFunctions(spec.function) },
  windowAggregate: {
    ...AGGREGATES,
    holdsBackMs: ({ emit, windows }) => (emit === 'on-update' ? 0 : windows.sizeMs + windows.graceMs),
    functions: spec => aggregateFunctions(spec.function),
  },
  slidingAggregate: {
    ...AGGREGATES,
    holdsBackMs: ({ emit, windows }) => (emit === 'on-update' ? 0 : windows.timeDifferenceMs + windows.graceMs),
    functions: spec => aggregateFunctions(spec.function),
  },
  sessionAggregate: {
    ...AGGREGATES,
    // Timed by its end.
    holdsBackMs: ({ emit, windows }) => (emit === 'on-update' ? 0 : windows.inactivityGapMs + windows.graceMs),
    functions: spec => [
      ...aggregateFunctions(spec.function),
      { field: 'merger', value: spec.merger, called: '(one, other, key)', optional: true },
    ],
  },
  deduplicate: { ...KEEPS, usesNullKeys: always, functions: spec => [valueFirst('by', spec.by)] },
  tableSource: { ...KEEPS, functions: none },
  toTable: { ...KEEPS, functions: none },
  tableFilter: { ...KEEPS, functions: spec => [valueFirst('predicate', spec.predicate)] },
  tableMapValues: { ...KEEPS, functions: spec => [valueFirst('mapper', spec.mapper)] },
  tableTransformValues: { ...KEEPS, functions: spec => [supplier(spec.supplier)] },
  tableToStream: { ...PASSES, functions: none },
  tableJoinMerge: { ...KEEPS, functions: none },
  tableGroup: { ...MAKES, functions: spec => [valueFirst('selector', spec.selector)] },
  tableAggregate: { ...AGGREGATES, functions: spec => tableAggregateFunctions(spec.function) },
  tableTableJoin: { ...PASSES, functions: spec => [joiner(spec.joiner)] },
  foreignKeySend: { ...MAKES, functions: spec => [valueFirst('foreignKey', spec.foreignKey)] },
  foreignKeyReceive: { ...PASSES, functions: none },
  foreignKeyLookUp: { ...MAKES, functions: none },
  foreignKeyUpdate: { ...MAKES, functions: none },
  foreignKeyResolve: { ...PASSES, functions: spec => [joiner(spec.joiner)] },
  suppress: { ...MAKES, ownsStore: true, holdsBackMs: spec => spec.waitMs + spec.windowMs, functions: none },
  streamTableJoin: {
    ...PASSES,
    keepsKeyAndTime: spec => spec.waiting === undefined,
    usesNullKeys: spec => spec.join === 'left',
    holdsBackMs: spec => spec.waiting?.graceMs ?? 0,
    functions: spec => [joiner(spec.joiner)],
  },
  streamGlobalJoin: {
    ...PASSES,
    usesNullKeys: spec => spec.join === 'left',
    functions: spec => [valueFirst('keySelector', spec.keySelector), joiner(spec.joiner)],
  },
  joinWindow: { ...KEEPS, functions: none },
  streamStreamJoin: {
    ...MAKES,
    usesNullKeys: spec => spec.unmatched !== undefined,
    holdsBackMs: ({ unmatched }) =>
      unmatched === undefined ? 0 : Math.max(unmatched.leftWaitsMs, unmatched.rightWaitsMs) + unmatched.graceMs,
    functions: spec => [joiner(spec.joiner)],
  },
  streamSelfJoin: {
    // Its results have the later of two times, as those of two streams.
    ...MAKES,
    usesNullKeys: spec => spec.passesNullKeys,
    functions: spec => [joiner(spec.joiner)],
  },
} satisfies { readonly [Kind in OperatorKind]: Traits<SpecOf<Kind>> }

/** The row of an operator, for a spec of its kind. */
function traitsOf(operator: OperatorSpec): Traits<OperatorSpec> {
  return OPERATOR_TRAITS[operator.type] as Traits<never> as Traits<OperatorSpec>
}

export function keepsKeyAndTime(operator: OperatorSpec): boolean {
  return traitsOf(operator).keepsKeyAndTime(operator)
}

export function looksAtNothing(operator: OperatorSpec): boolean {
  return traitsOf(operator).looksAtNothing
}

export function usesNullKeys(operator: OperatorSpec): boolean {
  return traitsOf(operator).usesNullKeys(operator)
}

export function rewrites(operator: OperatorSpec): ReturnType<Traits<OperatorSpec>['rewrites']> {
  return traitsOf(operator).rewrites(operator)
}

export function holdsBackMs(operator: OperatorSpec): number {
  return traitsOf(operator).holdsBackMs(operator)
}

export function ownsStore(operator: OperatorSpec): boolean {
  return traitsOf(operator).ownsStore
}

export function userFunctions(operator: OperatorSpec): readonly UserFunction[] {
  return traitsOf(operator).functions(operator)
}
