import type { Profiler } from 'node:inspector'

export interface ProfiledFunction {
  readonly name: string
  readonly nanosecondsPerRecord: number
  /** Of all samples in which the thread worked, 0 to 1. */
  readonly share: number
}

/** The thread waits: for RocksDB, or for other programs. */
const NO_WORK = new Set(['(idle)'])

/** @returns the share of the time in which the thread waited, 0 to 1 */
export function idleShare(profile: Profiler.Profile): number {
  const idle = new Set(profile.nodes.filter(node => NO_WORK.has(node.callFrame.functionName)).map(({ id }) => id))
  let [total, waited] = [0, 0]
  profile.samples?.forEach((id, index) => {
    const delta = Math.max(0, profile.timeDeltas?.[index] ?? 0)
    total += delta
    if (idle.has(id)) waited += delta
  })
  return total === 0 ? 0 : waited / total
}

/** One line for a reader. */
export function shareLine({ share, name }: ProfiledFunction): string {
  return `${(share * 100).toFixed(1).padStart(5)} %  ${name}`
}

/** The functions in which a CPU profile was most often caught itself, not in what they called. */
export function topFunctions(profile: Profiler.Profile, records: number, count: number): readonly ProfiledFunction[] {
  const microseconds = new Map<string, number>()
  const nodes = new Map(profile.nodes.map(node => [node.id, node]))
  const deltas = profile.timeDeltas ?? []
  let total = 0
  profile.samples?.forEach((id, index) => {
    const { functionName, url, lineNumber } = nodes.get(id)!.callFrame
    const file = url.split('/').slice(-2).join('/')
    const name = `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`
    if (NO_WORK.has(functionName)) return
    const delta = Math.max(0, deltas[index] ?? 0)
    total += delta
    microseconds.set(name, (microseconds.get(name) ?? 0) + delta)
  })
  return [...microseconds]
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([name, spent]) => ({ name, nanosecondsPerRecord: (spent * 1000) / records, share: spent / total }))
}
