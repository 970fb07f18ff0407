import type { Case } from './compare-case.ts'
import { countEffects } from './coverage-effects.ts'
import { NAMED, REQUIRED } from './coverage-required.ts'
import { OPERATORS } from './interpreter.ts'
import type { Op, Step } from './spec.ts'

/** Options of which any value counts as one; of the others, such as `joiner`, each value counts by itself. */
const PLAIN: ReadonlySet<string> = new Set([
  ...['name', 'store', 'storeName', 'pattern', 'lookUp', 'counts', 'branches', 'defaultBranch'],
  ...['sizeMs', 'advanceMs', 'beforeMs', 'afterMs', 'waitMs', 'maxRecords', 'maxBytes', 'partitions'],
])
const NO_OPTIONS: ReadonlySet<string> = new Set(['op', 'id', 'from', 'with', 'table', 'topic', 'topics'])
/** Settings of stores, likewise. */
const PLAIN_SETTINGS: ReadonlySet<string> = new Set(['name', 'retentionMs', 'historyRetentionMs', 'maxEntries'])

/**
 * Counts the operators of a case and the options they were given, as `operator` and `operator option[=value]`, and what comes
 * of them together.
 */
export function countCase(counts: Map<string, number>, whole: Case): void {
  const count = (what: string): unknown => counts.set(what, (counts.get(what) ?? 0) + 1)
  const { topology, caching, optimization, stores = 'persistent', repartitionAfterProcess = false } = whole
  count(`run caching=${caching}`)
  count(`run stores=${stores}`)
  for (const name of optimization) count(`run optimization=${name}`)
  if (repartitionAfterProcess) count('run repartitionAfterProcess')
  count(`run commits=${whole.commits ?? 'each'}`)
  if (whole.emitIntervalMs !== undefined && whole.emitIntervalMs > 0) count('run emitIntervalMs')
  if (whole.rocksdb === true) count('run rocksdb')
  for (const step of topology) countStep(step, count)
  countEffects(whole, count)
}

function countStep(step: Step, count: (what: string) => unknown): void {
  count(step.op)
  if (NAMED.has(step.op) && !('name' in step)) count(`${step.op} without a name`)
  for (const [option, value] of Object.entries(step) as [string, unknown][]) {
    if (NO_OPTIONS.has(option)) continue
    count(shownOption(step.op, option, value))
    if (option !== 'store' || typeof value !== 'object') continue
    for (const [setting, to] of Object.entries(value as object)) {
      const shown = `${setting}${PLAIN_SETTINGS.has(setting) ? '' : `=${to}`}`
      count(step.op === 'addStore' ? `addStore ${shown}` : `store ${shown}`)
    }
  }
}

function shownOption(op: Op, option: string, value: unknown): string {
  if (option === 'graceMs') return `${op} graceMs${value === 0 ? '=0' : ''}`
  return PLAIN.has(option) ? `${op} ${option}` : `${op} ${option}=${String(value)}`
}

/** What no case has covered, of all operators, options and effects that any run of some thousand cases draws. */
export function uncovered(counts: ReadonlyMap<string, number>): readonly string[] {
  return [...Object.keys(OPERATORS), ...REQUIRED].filter(what => (counts.get(what) ?? 0) === 0)
}
