import { seededRandom } from '@millrace/core'

/** Draws for generators: the same for the same seed. */
export interface Choice {
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number
  /** True in `percent` of a hundred draws. */
  chance(percent: number): boolean
  /** One of them; the list must not be empty. */
  of<T>(items: readonly T[]): T
}

export function seededChoice(seed: number): Choice {
  const random = seededRandom(seed)
  const below = (end: number): number => Math.floor(random() * end)
  return {
    below,
    chance: percent => below(100) < percent,
    of: items => items[below(items.length)] as (typeof items)[number],
  }
}
