import type { Windowed } from '@millrace/core'

/**
 * The functions that a topology spec names. `java/…/Catalogue.java` has the same ones, and a test compares the two over
 * random arguments. All see keys and values as text, see `text`, and what they return is a string or null. Lengths and
 * comparisons are those of UTF-16 code units, which Java and JavaScript share.
 */
export const CATALOGUE = {
  predicate: {
    always: () => true,
    never: () => false,
    valueLengthEven: (_key, value) => value.length % 2 === 0,
    valueThere: (_key, value) => value !== '~',
    valueHasA: (_key, value) => value.includes('a'),
    keyBeforeM: key => key < 'm',
    keyLengthOdd: key => key.length % 2 === 1,
  },
  pairMapper: {
    swap: (key, value) => [value, key],
    prefixKey: (key, value) => [`p${key}`, value],
    lengthAsKey: (_key, value) => [String(value.length), value],
    nullKeyIfEven: (key, value) => [value.length % 2 === 0 ? null : key, value],
  },
  valueMapper: {
    same: (_key, value) => value,
    upper: (_key, value) => asciiUpper(value),
    length: (_key, value) => String(value.length),
    withKey: (key, value) => `${key}=${value}`,
    shorten: (_key, value) => value.slice(0, 2),
    nullIfEven: (_key, value) => (value.length % 2 === 0 ? null : value),
  },
  flatPairMapper: {
    none: () => [],
    twice: (key, value) => [
      [key, value],
      [`${key}2`, value],
    ],
    words: (key, value) => words(value).map(word => [word, key]),
  },
  flatValueMapper: {
    none: () => [],
    twice: (_key, value) => [value, `${value}2`],
    words: (_key, value) => words(value),
  },
  keySelector: {
    same: key => key,
    value: (_key, value) => value,
    firstChar: (_key, value) => value.slice(0, 1),
    lengthOfValue: (_key, value) => String(value.length),
    keyOrNull: (key, value) => (value.length % 2 === 0 ? null : key),
  },
  reducer: {
    concat: (aggregate, value) => last(`${aggregate}|${value}`),
    first: aggregate => aggregate,
    last: (_aggregate, value) => value,
    max: (aggregate, value) => (aggregate >= value ? aggregate : value),
    concatOrClear: (aggregate, value) => (value.startsWith('x') ? null : last(`${aggregate}|${value}`)),
  },
  aggregation: {
    join: {
      initial: '',
      add: (_key, value, aggregate) => last(`${aggregate},${value}`),
      merge: (_key, one, other) => last(`${one}&${other}`),
    },
    countText: {
      initial: '0',
      add: (_key, _value, aggregate) => String(BigInt(aggregate) + 1n),
      merge: (_key, one, other) => String(BigInt(one) + BigInt(other)),
    },
    keyAndLast: { initial: '-', add: (key, value) => `${key}:${value}`, merge: (_key, _one, other) => other },
    joinOrClear: {
      initial: '',
      add: (_key, value, aggregate) => (value.startsWith('x') ? null : last(`${aggregate},${value}`)),
      merge: (_key, one, other) => last(`${one}&${other}`),
    },
  },
  joiner: {
    pair: (_key, value, tableValue) => `${value}+${tableValue}`,
    keyed: (key, value, tableValue) => `${key}:${value}+${tableValue}`,
    tableOnly: (_key, _value, tableValue) => tableValue,
    nullIfEqual: (_key, value, tableValue) => (value === tableValue ? null : `${value}/${tableValue}`),
  },
  extractor: {
    recordTime: (_value, timestamp) => timestamp,
    earlier: (value, timestamp) => timestamp - value.length,
    partitionTime: (value, timestamp, partitionTime) => (value.length % 2 === 0 ? partitionTime : timestamp),
    negativeIfX: (value, timestamp) => (value.startsWith('x') ? -1 : timestamp),
  },
  topicChoice: {
    byLength: (_key, value) => (value.length % 2 === 0 ? 'chosen-even' : 'chosen-odd'),
    byKey: key => (key < 'm' ? 'chosen-low' : 'chosen-high'),
  },
  partitions: {
    byDefault: () => 'default',
    first: () => '0',
    noneIfEven: (_key, value) => (value.length % 2 === 0 ? '' : '0'),
  },
} as const satisfies FunctionKinds

/** The catalogue's type: kinds of functions, and of each its names. */
export type Catalogue = typeof CATALOGUE

export type Predicate = (key: string, value: string) => boolean
export type PairMapper = (key: string, value: string) => readonly [key: string | null, value: string | null]
export type ValueMapper = (key: string, value: string) => string | null
export type FlatPairMapper = (key: string, value: string) => readonly (readonly [key: string, value: string])[]
export type FlatValueMapper = (key: string, value: string) => readonly string[]
export type KeySelector = (key: string, value: string) => string | null
/** Null deletes the key, here and in aggregations. */
export type Reducer = (aggregate: string, value: string) => string | null
export type Joiner = (key: string, value: string, tableValue: string) => string | null

export interface Aggregation {
  readonly initial: string
  readonly add: (key: string, value: string, aggregate: string) => string | null
  /** Of two sessions that become one. */
  readonly merge: (key: string, one: string, other: string) => string
}

/** Milliseconds; a negative result leaves the record out. */
export type Extractor = (value: string, timestamp: number, partitionTime: number) => number

interface FunctionKinds {
  readonly predicate: Readonly<Record<string, Predicate>>
  readonly pairMapper: Readonly<Record<string, PairMapper>>
  readonly valueMapper: Readonly<Record<string, ValueMapper>>
  readonly flatPairMapper: Readonly<Record<string, FlatPairMapper>>
  readonly flatValueMapper: Readonly<Record<string, FlatValueMapper>>
  readonly keySelector: Readonly<Record<string, KeySelector>>
  readonly reducer: Readonly<Record<string, Reducer>>
  readonly aggregation: Readonly<Record<string, Aggregation>>
  readonly joiner: Readonly<Record<string, Joiner>>
  readonly extractor: Readonly<Record<string, Extractor>>
  readonly topicChoice: Readonly<Record<string, (key: string, value: string) => string>>
  /** Numbers of partitions, `default` for where the key belongs, nothing for none: the record is dropped. */
  readonly partitions: Readonly<Record<string, (key: string, value: string) => string>>
}

/**
 * A key or value as functions see it: a string is itself, null is `~`, a long its decimal digits, a windowed key
 * `key@start/end`. So every function takes every record.
 */
export function text(value: unknown): string {
  if (value === null || value === undefined) return '~'
  if (typeof value === 'string') return value
  if (typeof value === 'bigint') return value.toString()
  const { key, window } = value as Windowed<unknown>
  // A window that never ends does so at the largest int64 in Java.
  const end = Number.isFinite(window.end) ? window.end : 9223372036854775807n
  return `${text(key)}@${window.start}/${end}`
}

/** At most 40 code units, so that what grows with each record does not grow for ever. */
function last(grown: string): string {
  return grown.slice(-40)
}

/** What stands between single spaces, empty words left out. */
function words(line: string): readonly string[] {
  return line.split(' ').filter(word => word !== '')
}

/** Not the language's own, which knows more letters than Java's. */
function asciiUpper(mixed: string): string {
  return mixed.replace(/[a-z]+/g, letters => letters.toUpperCase())
}
