import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'
import type { OperatorSpec } from '../operators/spec.ts'
import type { SuppressSpec } from '../operators/suppress.ts'
import type { WindowsSpec } from '../windows/windows-spec.ts'
import { bytes } from '../serde/text-serdes.ts'
import { changelogPlan, type StoreSettings } from '../state/store-builder.ts'
import type { GraphEntry, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { requiredSerdes } from '../topology/required-serdes.ts'
import { suppressedTableState } from '../topology/table-state.ts'
import type { NameOption } from '../dsl/options.ts'
import type { TablePoint } from './point.ts'

interface BufferOptions extends NameOption {
  /** @default unlimited */
  readonly maxRecords?: number
  /** The maximum estimated size of the buffered keys and values, in bytes. @default unlimited */
  readonly maxBytes?: number
  /**
   * Whether the buffer has a changelog topic, so that it survives the loss of the machine, and settings of that topic.
   * @default true
   */
  readonly logging?: StoreSettings['logging']
}

/** Options of `suppress`: how long updates of a table are held back. */
export type SuppressOptions = BufferOptions &
  (
    | {
        /** Emits only the final result of each window, after its grace period. */
        readonly until: 'window-closes'
        /** An early result would not be final, so a full buffer stops the application. */
        readonly whenFull?: 'shut-down'
      }
    | {
        /** Emits the latest update of a key when stream time exceeds the time of its first update by `waitMs`. */
        readonly until: 'time-limit'
        readonly waitMs: number
        /** @default 'emit-early' */
        readonly whenFull?: 'emit-early' | 'shut-down'
      }
  )

/** `KTable.suppress`. A name given spends no number, as in Kafka Streams. */
export function addSuppress(from: TablePoint, options: SuppressOptions): TablePoint {
  const { graph, keySerde, valueSerde } = from
  const given = optionalName(options.name, 'operator')
  const name = given ?? graph.names.processor('KTABLE-SUPPRESS-')
  const storeName = given === undefined ? graph.names.store('KTABLE-SUPPRESS-') : `${given}-store`
  if (from.table.versioned()) {
    const reason = 'a versioned table cannot be suppressed'
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `suppress "${name}"`, reason })
  }
  from.table.enableSendingOldValues(true)
  const { until, maxRecords = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = options
  checkedNumber(`suppress "${name}"`, 'maxRecords', maxRecords, { from: 0, orInfinity: true })
  checkedNumber(`suppress "${name}"`, 'maxBytes', maxBytes, { from: 0, orInfinity: true })
  const whenFull = options.whenFull ?? (until === 'time-limit' ? 'emit-early' : 'shut-down')
  const waitMs = until === 'time-limit' ? checkedWait(options.waitMs, name) : undefined
  const serdes = () => requiredSerdes(from, `table before suppress "${name}"`, 'the step that made it')
  const store: StoreDraft = {
    name: storeName,
    kind: 'key-value',
    suppression: true,
    timestamped: false,
    keySerde: bytes(),
    valueSerde: bytes(),
    caching: true,
    changelog: changelogPlan(storeName, options.logging),
  }
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: (): SuppressSpec => ({
      type: 'suppress',
      store: storeName,
      until,
      ...(waitMs === undefined ? windowsAbove(entry, name) : { waitMs, windowMs: 0 }),
      maxRecords,
      maxBytes,
      whenFull,
      ...serdes(),
    }),
    connects: () => [],
    owns: () => [store],
  }
  graph.add(entry, [from.entry])
  const table = suppressedTableState(from.table, storeName, serdes)
  return { graph, entry, name, sources: [from.name], keySerde, valueSerde, table, storeName: undefined }
}

function checkedWait(waitMs: number, operator: string): number {
  return checkedNumber(`suppress "${operator}"`, 'waitMs', waitMs, { from: 0, of: 'milliseconds' })
}

type Wait = Pick<SuppressSpec, 'waitMs' | 'windowMs'>

/** How long after its end a window takes records, and how long it is: the longest of the windows above. */
function windowsAbove(entry: GraphEntry, operator: string): Wait {
  const waits = entry.parents.map(parent => waitOf(parent) ?? windowsAbove(parent, operator))
  if (waits.length === 0) {
    const reason = "until 'window-closes' needs a windowed table; for others give until 'time-limit'"
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: `suppress "${operator}"`, reason })
  }
  return longest(waits)
}

function waitOf(entry: GraphEntry): Wait | undefined {
  const operators: readonly OperatorSpec[] =
    entry.kind === 'processor'
      ? [entry.operator()]
      : entry.kind === 'processors'
        ? entry.members(above => above.name).map(member => member.operator)
        : []
  const waits = operators.flatMap(operator => ('windows' in operator ? [waitFor(operator.windows)] : []))
  return waits.length === 0 ? undefined : longest(waits)
}

function waitFor(windows: WindowsSpec): Wait {
  switch (windows.type) {
    case 'time':
    case 'unlimited':
    case 'custom':
      return { waitMs: windows.graceMs, windowMs: windows.sizeMs }
    case 'sliding':
      return { waitMs: windows.graceMs, windowMs: windows.timeDifferenceMs }
    case 'session':
      // Timed by its end.
      return { waitMs: windows.graceMs + windows.inactivityGapMs, windowMs: 0 }
  }
}

function longest(waits: readonly Wait[]): Wait {
  return {
    waitMs: Math.max(...waits.map(({ waitMs }) => waitMs)),
    windowMs: Math.max(...waits.map(({ windowMs }) => windowMs)),
  }
}
