import { seededRandom } from '@millrace/core'
import { rehearseRestart, type Rehearsal, type RehearsalOptions, type SimulatedInput } from '@millrace/testing'
import { SCENARIOS } from './scenarios.ts'

export interface RehearsedRestart {
  readonly restart: RehearsalOptions['restart']
  readonly guarantee: NonNullable<RehearsalOptions['guarantee']>
  readonly transactions: NonNullable<RehearsalOptions['transactions']>
}

export const REHEARSALS: readonly RehearsedRestart[] = (['rolling', 'crash'] as const).flatMap(restart => [
  { restart, guarantee: 'exactly_once', transactions: 'group-metadata' },
  { restart, guarantee: 'exactly_once', transactions: 'producer-per-task' },
  { restart, guarantee: 'at_least_once', transactions: 'producer-per-task' },
])

/** No task may leave records lying for longer while instances are restarted one after another. */
export const LONGEST_IDLE_MS = 1000

/** What a crash may cost beyond the session timeout: one member hears of it, the others join, the state's tail is restored. */
export const AFTER_SESSION_MS = 1000

/** Three instances count words; a hundred lines of text a second flow, of all words. */
export function rehearse(rehearsed: RehearsedRestart, seed: number): Promise<Rehearsal> {
  const random = seededRandom(seed)
  const words = Array.from({ length: 40 }, (_, index) => `word-${index}`)
  const input = (n: number): SimulatedInput => {
    const value = Array.from({ length: 4 }, () => words[Math.floor(random() * words.length)]).join(' ')
    return { topic: 'lines', key: `line-${n}`, value }
  }
  return rehearseRestart(SCENARIOS[0]!.plan(), { ...rehearsed, seed, everyMs: 10, input })
}

/** What a rehearsal shows that must not be. */
export function faultsOf({ restart }: RehearsedRestart, rehearsal: Rehearsal, sessionTimeoutMs: number): string[] {
  const allowed = restart === 'rolling' ? LONGEST_IDLE_MS : sessionTimeoutMs + AFTER_SESSION_MS
  return [
    ...rehearsal.violations,
    ...rehearsal.idle
      .filter(({ ms }) => ms > allowed)
      .map(({ task, ms }) => `task ${task} was idle for ${ms} ms, and ${allowed} ms are allowed`),
    ...(rehearsal.restoredTwice > 0 ? [`${rehearsal.restoredTwice} records were restored twice`] : []),
  ]
}

/** Carries all of them out and prints what they cost. True when nothing was wrong. */
export async function printRehearsals(seed: number, showHistory: boolean): Promise<boolean> {
  let good = true
  console.log('restart  guarantee      transactions        longest idle  restored  twice  processed')
  for (const rehearsed of REHEARSALS) {
    const rehearsal = await rehearse(rehearsed, seed)
    const { longestIdleMs, restored, restoredTwice, processed, history, sessionTimeoutMs } = rehearsal
    const columns = [
      rehearsed.restart.padEnd(8),
      rehearsed.guarantee.padEnd(14),
      rehearsed.transactions.padEnd(17),
      `${longestIdleMs} ms`.padStart(14),
      String(restored).padStart(9),
      String(restoredTwice).padStart(6),
      String(processed).padStart(10),
    ]
    console.log(columns.join(' '))
    const faults = faultsOf(rehearsed, rehearsal, sessionTimeoutMs)
    for (const fault of faults) console.log(`  wrong: ${fault}`)
    if (faults.length > 0) good = false
    if (showHistory || faults.length > 0) for (const line of history) console.log(`  ${line}`)
  }
  return good
}
