import { seededRandom } from '@millrace/core'

/** A text to count the words of, with what counting must give. */
export interface Text {
  readonly lines: readonly string[]
  readonly counts: ReadonlyMap<string, number>
}

const SYLLABLES = ['ba', 'de', 'fi', 'go', 'hu', 'ka', 'le', 'mi', 'no', 'pu', 'ra', 'se', 'ti', 'vo', 'zu']
const VOCABULARY = 5_000

/**
 * A text as language is: the nth word of the vocabulary is about 1/n as frequent as the first (Zipf), so that some words meet
 * in every commit and many are seen once.
 */
export function zipfText(words: number, seed: number): Text {
  const random = seededRandom(seed)
  const cumulative: number[] = []
  let total = 0
  for (let rank = 1; rank <= VOCABULARY; rank++) cumulative.push((total += 1 / rank))
  const counts = new Map<string, number>()
  const lines: string[] = []
  for (let written = 0; written < words;) {
    const length = Math.min(words - written, 3 + Math.floor(random() * 10))
    const line = Array.from({ length }, () => wordOfRank(rankAt(cumulative, random() * total)))
    for (const word of line) counts.set(word, (counts.get(word) ?? 0) + 1)
    lines.push(line.join(' '))
    written += length
  }
  return { lines, counts }
}

function rankAt(cumulative: readonly number[], point: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle]! < point) low = middle + 1
    else high = middle
  }
  return low
}

/** The rank in base 15, digits written as syllables: a different word for each rank. */
function wordOfRank(rank: number): string {
  const syllable = SYLLABLES[rank % SYLLABLES.length]!
  return rank < SYLLABLES.length ? syllable : wordOfRank(Math.floor(rank / SYLLABLES.length)) + syllable
}
