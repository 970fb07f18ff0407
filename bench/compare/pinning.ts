import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

type Command = readonly [command: string, ...args: readonly string[]]

/** Which processors the broker and the contenders may use. */
export interface Pinning {
  /** For the report. */
  readonly description: string
  broker(command: Command): Command
  contender(command: Command): Command
}

const NONE: Omit<Pinning, 'description'> = { broker: command => command, contender: command => command }

/**
 * Keeps the broker away from the contenders with `taskset`: it gets half of the processors, a contender the other half. With fewer than
 * four processors a contender would have one for its main thread, its collector, its compiler and its senders together, so
 * nothing is pinned unless `forced`.
 */
export function choosePinning(forced: boolean): Pinning {
  const processors = availableParallelism()
  if (processors < 2 || (processors < 4 && !forced)) {
    return { ...NONE, description: `not pinned (${processors} processors)` }
  }
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
  } catch {
    return { ...NONE, description: 'not pinned (taskset is missing)' }
  }
  const half = Math.floor(processors / 2)
  const [broker, contender] = [`0-${half - 1}`, `${half}-${processors - 1}`]
  return {
    description: `broker on processors ${broker}, contenders on ${contender}`,
    broker: command => ['taskset', '-c', broker, ...command],
    contender: command => ['taskset', '-c', contender, ...command],
  }
}
