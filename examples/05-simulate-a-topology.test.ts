/**
 * How to prove that a topology survives anything: with `simulate`, which runs it on several processes in virtual time, and
 * lets happen to them what a seed decides: kills, torn and lost disks, lost calls, members that are given up. Each run takes
 * milliseconds; one that fails is made smaller and repeats exactly from its seed.
 *
 *     npx vitest run examples/05-simulate-a-topology.test.ts
 */
import { simulate } from '@millrace/testing'
import { expect, test } from 'vitest'
import { wordCount } from './01-word-count.ts'

const lines = Array.from({ length: 50 }, (_, n) => ({ topic: 'lines', key: `line-${n}`, value: 'to be or not to be' }))
const seeds = Array.from({ length: 20 }, (_, n) => n + 1)

test.each(seeds)('no word is lost or counted twice (seed %i)', async seed => {
  const { violations, history } = await simulate(wordCount(), {
    seed,
    guarantee: 'exactly_once',
    input: lines,
    // The user's own: what has come out, whatever went wrong on the way.
    oracle({ input, output }) {
      const counts = new Map(output('word-counts').map(({ key, value }) => [key, value]))
      expect(counts.get('or')).toBe(BigInt(input.length))
      expect(counts.get('be')).toBe(BigInt(2 * input.length))
    },
  })
  expect(violations, history.join('\n')).toEqual([])
})

test.each(seeds)('what comes out is what comes out when nothing fails (seed %i)', async seed => {
  const { violations, history } = await simulate(wordCount(), { seed, input: lines })
  expect(violations, history.join('\n')).toEqual([])
})
