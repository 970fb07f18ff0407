import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'
import type { StreamTableJoinSpec } from '../operators/stream-table-join.ts'
import type { ValueGetterSpec } from '../operators/value-getter.ts'
import type { Serde } from '../serde/serde.ts'
import { bytes } from '../serde/text-serdes.ts'
import { changelogPlan } from '../state/store-builder.ts'
import type { DraftSerdes, GraphEntry, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { requiredSerdes } from '../topology/required-serdes.ts'
import { getterHistoryMs, getterStores, type TableState } from '../topology/table-state.ts'
import { sameGraph, type StreamPoint, streamPoint, type TablePoint } from './point.ts'
import { repartitionEntry } from './repartition.ts'

interface JoinOptions {
  readonly name?: string | undefined
  readonly key?: Serde<unknown> | undefined
  readonly value?: Serde<unknown> | undefined
  readonly graceMs?: number | undefined
}

/** Each record meets the table's current value of its key. The table gets a store if it has none. */
export function addStreamTableJoin(
  stream: StreamPoint,
  table: TablePoint,
  join: StreamTableJoinSpec['join'],
  joiner: StreamTableJoinSpec['joiner'],
  options: JoinOptions,
): StreamPoint {
  const { graph } = stream
  sameGraph(stream, table, join === 'left' ? 'leftJoin' : 'join')
  const given = optionalName(options.name, 'operator')
  const from = stream.repartitionRequired ? repartitionedForJoin(stream, given, options) : stream
  const sources = [...new Set([...from.sources, ...table.sources])]
  const name = graph.names.processorOr(given, join === 'left' ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-')
  graph.addCopartitioned({ operator: name, sources })
  const getter = table.table.getter()
  const waiting = options.graceMs === undefined ? undefined : joinWait(name, options.graceMs, table.table, getter)
  const serdes: DraftSerdes = {
    keySerde: options.key ?? from.keySerde,
    valueSerde: options.value ?? from.valueSerde,
  }
  const waitingSpec = () =>
    waiting && {
      waiting: { ...waiting, ...requiredSerdes(serdes, `stream before join "${name}"`, 'the options of the join') },
    }
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({ type: 'streamTableJoin', join, joiner, table: getter, ...waitingSpec() }),
    connects: () => getterStores(getter),
    owns: () => (waiting === undefined ? [] : [waitingStore(waiting.store)]),
  }
  graph.add(entry, [from.entry])
  return streamPoint({
    graph,
    entry,
    name,
    sources,
    keySerde: options.key ?? from.keySerde,
    valueSerde: undefined,
    repartitionRequired: false,
  })
}

/** How records wait for late versions of the table. As long as they do, the table has to know its history. */
function joinWait(operator: string, graceMs: number, table: TableState, getter: ValueGetterSpec) {
  const historyMs = getterHistoryMs(getter)
  checkedNumber(operator, 'graceMs', graceMs, { from: 0, of: 'milliseconds' })
  let reason: string | undefined
  if (historyMs === undefined || !table.versioned()) {
    reason = 'graceMs requires a versioned table: set historyRetentionMs of its store'
  } else if (graceMs > historyMs) {
    reason = `graceMs is ${graceMs}, but the history of the table is only ${historyMs}`
  }
  if (reason !== undefined) throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
  return { store: `${operator}-Buffer`, graceMs }
}

function waitingStore(name: string): StoreDraft {
  return {
    name,
    kind: 'key-value',
    timestamped: false,
    keySerde: bytes(),
    valueSerde: bytes(),
    caching: false,
    changelog: changelogPlan(name, true),
    waiting: true,
  }
}

/** The stream after a repartition topic. A second join of the same stream takes numbers but uses the first one's topic. */
export function repartitionedForJoin(
  stream: StreamPoint,
  given: string | undefined,
  options: JoinOptions,
): StreamPoint {
  const keySerde = options.key ?? stream.keySerde
  const valueSerde = options.value ?? stream.valueSerde
  const made = repartitionEntry(stream.graph, { prefix: given ?? stream.name, calledFor: 'join', keySerde, valueSerde })
  const earlier = given === undefined ? stream.joinRepartition.entry : undefined
  const entry = earlier ?? made
  stream.joinRepartition.entry = entry
  if (earlier === undefined) stream.graph.add(entry, [stream.entry])
  return streamPoint({
    ...stream,
    entry,
    name: entry.name,
    sources: [entry.name],
    keySerde,
    valueSerde,
    repartitionRequired: false,
  })
}
