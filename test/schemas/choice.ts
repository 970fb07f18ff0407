import { seededRandom } from '@millrace/core'

/** Choices that are the same for the same seed. */
export interface Choice {
  /** From 0 to below `limit`. */
  number(limit: number): number
  chance(probability: number): boolean
  one<T>(items: readonly T[]): T
}

export function choiceFrom(seed: number): Choice {
  const random = seededRandom(seed)
  const number = (limit: number): number => Math.floor(random() * limit)
  return { number, chance: probability => random() < probability, one: items => items[number(items.length)]! }
}
