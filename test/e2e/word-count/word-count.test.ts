import { sharedKafka } from '@millrace/dev-kafka'
import { describe, expect, it } from 'vitest'
import { skipWithoutStreamsGroups } from '../../release-limits.ts'
import { runRound } from './round.ts'

/** Ten rounds and more: `node --conditions=millrace-source test/e2e/word-count/rounds.ts --rounds 10`. */
describe('word count in two processes, of which one is killed at half', () => {
  it.for([
    { groupProtocol: 'classic', guarantee: 'exactly_once', outcome: 'counts every word exactly' },
    { groupProtocol: 'classic', guarantee: 'at_least_once', outcome: 'counts no word too low' },
    { groupProtocol: 'streams', guarantee: 'exactly_once', outcome: 'counts every word exactly' },
    { groupProtocol: 'streams', guarantee: 'at_least_once', outcome: 'counts no word too low' },
  ] as const)('$groupProtocol protocol, $guarantee: $outcome', async ({ guarantee, groupProtocol }, context) => {
    skipWithoutStreamsGroups(context, groupProtocol)
    const { brokers } = await sharedKafka()
    const seed = Math.floor(Math.random() * 1e6)
    const round = await runRound({ brokers, guarantee, seed, words: 100_000, groupProtocol })
    expect(round.committedAtKill).toBeLessThan(round.lines)
    expect(round.mistakes, `seed ${seed}\n${round.log()}`).toEqual([])
  })
})
