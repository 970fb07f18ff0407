import { compareBytes } from '../state/compare-bytes.ts'
import { boolean, int, long, safeLong, short } from './number-serdes.ts'
import type { Serde } from './serde.ts'
import { string } from './text-serdes.ts'

/*
 * Two values are the same exactly when their bytes are the same. Of these serdes, that is when they are the same key of a Map.
 * Others write one form for several values (a UUID in upper case, a number as the nearest float), several forms for what a Map
 * takes for one value (-0 as a double), or have objects as values. Only these very serdes count: one that is made of them with
 * a function replaced may do any of that.
 */
const ONE_TO_ONE: ReadonlySet<object> = new Set([string(), short(), int(), long(), safeLong(), boolean()])

/** Whether the values of a serde can be keys of a Map as they are, because two have the same bytes when a Map takes them for one. */
export function comparesAsValue(serde: Serde<unknown>): boolean {
  return ONE_TO_ONE.has(serde)
}

/** Whether two values that are there have the same bytes. */
export type SameBytes = (one: unknown, other: unknown) => boolean

/** @throws what the serde throws */
export function sameBytesOf(serde: Serde<unknown>, topic: string): SameBytes {
  if (comparesAsValue(serde)) return (one, other) => one === other
  return (one, other) => compareBytes(serde.serialize(one, topic), serde.serialize(other, topic)) === 0
}
