import type { ProcessingGuarantee } from 'millrace'
import { eventually } from '../../topic-io.ts'
import { isRunning, wordCountApplication } from './application.ts'
import { zipfText } from './text.ts'

export interface RoundOptions {
  readonly brokers: string
  readonly guarantee: ProcessingGuarantee
  readonly seed: number
  readonly words: number
  /** @default 'classic' */
  readonly groupProtocol?: 'classic' | 'streams'
}

export interface RoundResult {
  /** Lines of the input, and how many of them were committed when the worker was killed. */
  readonly lines: number
  readonly committedAtKill: number
  /** Empty when the round has succeeded. */
  readonly mistakes: readonly string[]
  readonly milliseconds: number
  /** Of all workers, for whoever has to find out. */
  log(): string
}

/** This many parts, that the worker is killed with something between poll and commit. */
const PACE = { parts: 60, everyMs: 30 }
const LIMIT_MS = 90_000
const STOP_MS = 20_000

/**
 * Counts the words of a text with two worker processes, of which one is killed with SIGKILL when half of the input is
 * committed, and replaced by a third with an empty state directory.
 */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const began = Date.now()
  const { brokers, guarantee, seed, groupProtocol = 'classic' } = options
  const text = zipfText(options.words, seed)
  const name = `word-count-${groupProtocol}-${guarantee.replaceAll('_', '-')}-${seed}-${began.toString(36)}`
  await using application = await wordCountApplication({ brokers, guarantee, name, groupProtocol })
  const { group } = application

  const [first, second] = [application.start('first'), application.start('second')]
  await Promise.all([first, second].map(worker => worker.told(isRunning)))
  const fed = application.feed(text.lines, PACE)
  const half = text.lines.length / 2
  const committedAtKill = await eventually('half of the input', LIMIT_MS, application.committed, count => count >= half)
  first.signal('SIGKILL')
  const third = application.start('third')
  await fed
  await application.drained(LIMIT_MS)
  // What is left may be done before it has started, and a process that starts has no handler of signals yet.
  await third.told(isRunning)
  for (const worker of [second, third]) {
    const { code, inTime } = await worker.stop(STOP_MS)
    if (!inTime || code !== 0) throw new Error(`${worker.name} ended with ${code}, in time: ${inTime}\n${worker.log()}`)
  }
  return {
    lines: text.lines.length,
    committedAtKill,
    mistakes: await application.mistakes(text.counts),
    milliseconds: Date.now() - began,
    log: () => group.log(),
  }
}
