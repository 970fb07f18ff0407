import type { ProcessingGuarantee } from 'millrace'
import type { ReadRecord } from '../../topic-io.ts'

/** What the application said of each word, in order. */
export function countsByWord(records: readonly ReadRecord[]): ReadonlyMap<string, readonly number[]> {
  const words = new Map<string, number[]>()
  for (const { key, value } of records) {
    const word = String(key)
    const values = words.get(word) ?? []
    values.push(value === null ? Number.NaN : Number(value.readBigInt64BE()))
    words.set(word, values)
  }
  return words
}

/**
 * What is wrong with the counts that came out. At least once: no word may end below its exact count. Exactly once: each ends
 * at it, and rises with every result on the way, for one that is repeated or falls back is a record counted twice or lost.
 */
export function mistakes(
  guarantee: ProcessingGuarantee,
  exact: ReadonlyMap<string, number>,
  seen: ReadonlyMap<string, readonly number[]>,
): readonly string[] {
  const wrong: string[] = []
  for (const [word, count] of exact) {
    const values = seen.get(word) ?? []
    const last = values.at(-1) ?? 0
    if (last < count) wrong.push(`"${word}" is ${last} and has to be ${count}: ${lost(values)}`)
    if (guarantee !== 'exactly_once') continue
    if (last > count) wrong.push(`"${word}" is ${last} and has to be ${count}: counted twice`)
    const step = values.findIndex((value, index) => index > 0 && value <= values[index - 1]!)
    if (step > 0) wrong.push(`"${word}" goes from ${values[step - 1]} to ${values[step]}: a result was repeated`)
  }
  for (const word of seen.keys()) if (!exact.has(word)) wrong.push(`"${word}" is not in the text`)
  return wrong
}

function lost(values: readonly number[]): string {
  return values.length === 0 ? 'no result at all' : 'records were lost'
}
