import { aFiniteNumber } from '../arguments/check.ts'
import { checkArguments } from '../arguments/checked-methods.ts'

/**
 * Numbers from 0 up to 1 that look random and are the same for the same seed (mulberry32): for simulations and faults that
 * must repeat exactly. Never for secrets.
 */
export function seededRandom(seed: number): () => number {
  checkArguments('seededRandom', [['seed', aFiniteNumber]], [seed])
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
