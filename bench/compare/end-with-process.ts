import type { ChildProcess } from 'node:child_process'

/** Ends a child when this process exits before it: a bench that is interrupted would leave it running. */
export function endWithProcess(child: ChildProcess, signal: NodeJS.Signals): void {
  const end = () => child.kill(signal)
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
}
