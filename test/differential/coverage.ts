import type { Case } from './compare-case.ts'
import { OPERATORS } from './interpreter.ts'

/** Options that are switches or numbers; of the others, such as `joiner`, each value counts by itself. */
const BY_PRESENCE: ReadonlySet<string> = new Set([
  'name',
  'store',
  'storeName',
  'waitMs',
  'maxRecords',
  'maxBytes',
  'lookUp',
])
const NO_OPTIONS: ReadonlySet<string> = new Set(['op', 'id', 'from', 'with', 'table', 'topic', 'topics', 'counts'])
const NUMBERS: ReadonlySet<string> = new Set(['sizeMs', 'advanceMs', 'graceMs', 'beforeMs', 'afterMs', 'partitions'])
/** Settings of stores, likewise. */
const PLAIN_SETTINGS: ReadonlySet<string> = new Set(['name', 'retentionMs', 'historyRetentionMs'])

/** Counts the operators of a case and the options they were given, as `operator` and `operator option[=value]`. */
export function countCase(
  counts: Map<string, number>,
  { topology, caching, optimization, repartitionAfterProcess }: Case,
): void {
  const count = (what: string): unknown => counts.set(what, (counts.get(what) ?? 0) + 1)
  count(`run caching=${caching}`)
  for (const name of optimization) count(`run optimization=${name}`)
  if (repartitionAfterProcess) count('run repartitionAfterProcess')
  for (const step of topology) {
    count(step.op)
    for (const [option, value] of Object.entries(step) as [string, unknown][]) {
      if (NO_OPTIONS.has(option)) continue
      if (option === 'store' && typeof value === 'object') {
        for (const [setting, to] of Object.entries(value as object)) {
          count(`store ${setting}${PLAIN_SETTINGS.has(setting) ? '' : `=${to}`}`)
        }
      }
      count(shownOption(step.op, option, value))
    }
  }
}

function shownOption(op: string, option: string, value: unknown): string {
  const plain = BY_PRESENCE.has(option) || NUMBERS.has(option) || option === 'pattern' || typeof value === 'object'
  return plain ? `${op} ${option}` : `${op} ${option}=${typeof value === 'string' ? value : JSON.stringify(value)}`
}

/** What no case has covered, of all operators and of the options that any run of some thousand cases draws. */
export function uncovered(counts: ReadonlyMap<string, number>): readonly string[] {
  return [...Object.keys(OPERATORS), ...OPTIONS].filter(what => (counts.get(what) ?? 0) === 0)
}

const OPTIONS: readonly string[] = [
  'run caching=true',
  'run caching=false',
  'run optimization=reuse.ktable.source.topics',
  'run optimization=merge.repartition.topics',
  'run optimization=single.store.self.join',
  'run repartitionAfterProcess',
  'store name',
  'store caching=true',
  'store caching=false',
  'store logging=false',
  'store retainDuplicates=true',
  'store historyRetentionMs',
  'stream pattern',
  'stream offsetReset=earliest',
  'stream extractor=partitionTime',
  'stream extractor=negativeIfX',
  'table extractor=earlier',
  'to choice=byKey',
  'to partitioner=noneIfEven',
  'repartition partitions',
  'repartition partitioner=first',
  'split defaultBranch',
  'windowedBy kind=sliding',
  'windowedBy kind=session',
  'windowedBy kind=unlimited',
  'windowedBy advanceMs',
  'windowedBy emit=on-close',
  'join graceMs',
  'leftJoin graceMs',
  'streamJoin kind=inner',
  'streamJoin kind=left',
  'streamJoin kind=outer',
  'streamJoin logging=false',
  'streamJoin storeName',
  'globalJoin kind=inner',
  'globalJoin kind=left',
  'tableJoin join=inner',
  'tableJoin join=left',
  'tableJoin join=outer',
  'foreignKeyJoin join=inner',
  'foreignKeyJoin join=left',
  'suppress waitMs',
  'suppress maxRecords',
  'suppress maxBytes',
  'suppress logging=false',
  ...['count', 'ranges', 'hold', 'holdByWallClock', 'history', 'sessions', 'stamp', 'lookUp'].map(
    processor => `process processor=${processor}`,
  ),
]
