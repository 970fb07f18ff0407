import type { ForeignKeyFn } from '../operators/foreign-key-join.ts'
import type { OperatorSpec } from '../operators/spec.ts'
import type { TableJoiner } from '../operators/table-table-join.ts'
import { subscription, subscriptionResponse, type SubscriptionResponse } from '../formats/subscription.ts'
import { bytes } from '../serde/text-serdes.ts'
import type { DraftSerdes, GraphEntry, ProcessorEntry, RepartitionEntry, StoreDraft } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import type { StreamPartitioner, TargetTopic } from '../topology/plan.ts'
import { requiredSerdes } from '../topology/required-serdes.ts'
import { getterStores, sourceTableState, versionedSemantics } from '../topology/table-state.ts'
import { sameGraph, type TablePoint } from './point.ts'
import { type GivenSerdes, type StoreOption, storeChoice, tableStore } from './store-options.ts'

interface ForeignKeyJoinOptions extends GivenSerdes {
  readonly name?: string | undefined
  readonly store?: StoreOption | undefined
  readonly partitioner?: KeyPartitioner | undefined
  readonly otherPartitioner?: KeyPartitioner | undefined
}

/** By key alone: neither table's values are at hand where the other's partition is chosen. */
type KeyPartitioner = (key: never, target: TargetTopic) => number | undefined

/** The table of the rows of `left` joined with the row of `right` that the foreign key in each of them names. */
export function addForeignKeyJoin(
  left: TablePoint,
  right: TablePoint,
  join: 'inner' | 'left',
  foreignKey: ForeignKeyFn,
  joiner: TableJoiner,
  options: ForeignKeyJoinOptions = {},
): TablePoint {
  const { graph } = left
  const { names } = graph
  const operator = join === 'left' ? 'leftJoin' : 'join'
  sameGraph(left, right, operator)
  // Updates of the right table need none, but so its store is made, as Kafka Streams has it.
  right.table.enableSendingOldValues(true)
  left.table.enableSendingOldValues(true)
  const given = optionalName(options.name, 'operator')
  const named = (suffix: string, prefix: string) =>
    names.processorOr(given === undefined ? undefined : given + suffix, `KTABLE-${prefix}-`)
  const topicNamed = (suffix: string, prefix: string) => `${named(suffix, prefix)}-topic`

  const topic = topicNamed('-subscription-registration', 'FK-JOIN-SUBSCRIPTION-REGISTRATION')
  const sendName = named('-subscription-registration-processor', 'FK-JOIN-SUBSCRIPTION-REGISTRATION')
  const leftSerdes = (): Serdes => requiredSerdes(left, `left table of ${operator} "${sendName}"`, REMEDY)
  const rightSerdes = (): Serdes => requiredSerdes(right, `right table of ${operator} "${sendName}"`, REMEDY)
  const send = processor(sendName, () => ({
    type: 'foreignKeySend',
    join,
    foreignKey,
    foreignKeySerde: rightSerdes().keySerde,
    valueSerde: leftSerdes().valueSerde,
    topic,
    ...versionedSemantics(left.table),
  }))
  graph.add(send, [left.entry])

  const subscriptions = internalTopic(operator, topic, {
    sinkName: named('-subscription-registration-sink', 'SINK'),
    sourceName: named('-subscription-registration-source', 'SOURCE'),
    keySerde: right.keySerde,
    valueSerde: left.keySerde && subscription(left.keySerde),
    partitioner: byKey(options.otherPartitioner),
  })
  graph.add(subscriptions, [send])
  graph.addCopartitioned({ operator: sendName, sources: [...right.sources, subscriptions.name] })

  const storeName = named('-subscription-store', 'FK-JOIN-SUBSCRIPTION-STATE-STORE')
  const receiveName = named('-subscription-receive', 'FK-JOIN-SUBSCRIPTION-PROCESSOR')
  const choice = { given: true, name: storeName, key: undefined, value: undefined, caching: false }
  const serdes = { keySerde: bytes(), valueSerde: subscriptions.valueSerde }
  const store: StoreDraft = { ...tableStore(storeName, choice, serdes), logsHeaders: true }
  const receive = processor(
    receiveName,
    () => {
      const { keySerde: primaryKeySerde } = leftSerdes()
      const { keySerde: foreignKeySerde } = rightSerdes()
      return { type: 'foreignKeyReceive', store: storeName, primaryKeySerde, foreignKeySerde, topic }
    },
    { owns: [store] },
  )
  graph.add(receive, [subscriptions])

  const foreign = right.table.getter()
  const lookUp = processor(
    named('-subscription-join-foreign', 'FK-JOIN-SUBSCRIPTION-PROCESSOR'),
    () => ({ type: 'foreignKeyLookUp', foreign }),
    { connects: getterStores(foreign) },
  )
  graph.add(lookUp, [receive])
  const update = processor(
    named('-foreign-join-subscription', 'FK-JOIN-SUBSCRIPTION-PROCESSOR'),
    () => ({
      type: 'foreignKeyUpdate',
      store: storeName,
      foreignKeySerde: rightSerdes().keySerde,
      topic,
      ...versionedSemantics(right.table),
    }),
    { connects: [storeName] },
  )
  graph.add(update, [right.entry])

  const responses = internalTopic(operator, topicNamed('-subscription-response', 'FK-JOIN-SUBSCRIPTION-RESPONSE'), {
    sinkName: named('-subscription-response-sink', 'SINK'),
    sourceName: named('-subscription-response-source', 'SOURCE'),
    keySerde: left.keySerde,
    valueSerde: right.valueSerde && subscriptionResponse(right.valueSerde),
    partitioner: byKey(options.partitioner) ?? whereAsked,
  })
  graph.add(responses, [lookUp, update])
  const sources = [...left.sources, responses.name]
  graph.addCopartitioned({ operator: sendName, sources })

  const primary = left.table.getter()
  const resolve = processor(
    named('-subscription-response-resolver', 'FK-JOIN-SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR'),
    () => ({ type: 'foreignKeyResolve', join, joiner, primary, valueSerde: leftSerdes().valueSerde, topic }),
    { connects: getterStores(primary) },
  )
  graph.add(resolve, [responses])
  return addResult(left, resolve, sources, named('-result', 'FK-JOIN-OUTPUT'), storeChoice(options.store, options))
}

/** The result is a table like one that is read from a topic: kept only where somebody needs it. */
function addResult(
  left: TablePoint,
  parent: GraphEntry,
  sources: readonly string[],
  name: string,
  choice: ReturnType<typeof storeChoice>,
): TablePoint {
  const { graph } = left
  const storeName = choice.name ?? graph.names.store('KTABLE-FK-JOIN-OUTPUT-')
  const keySerde = choice.key ?? left.keySerde
  const table = sourceTableState(storeName, choice.name !== undefined, choice.historyRetentionMs)
  const valueSerde = choice.value ?? left.valueSerde
  const store = tableStore(storeName, choice, { keySerde, valueSerde })
  const entry: GraphEntry = {
    kind: 'processor',
    name,
    parents: [],
    operator: () => ({ type: 'toTable', store: table.store(), sendOldValues: table.sendsOldValues() }),
    connects: () => [],
    owns: () => (table.store() === undefined ? [] : [store]),
  }
  graph.add(entry, [parent])
  return {
    graph,
    entry,
    name,
    sources,
    keySerde: left.keySerde,
    valueSerde,
    table,
    storeName: choice.name,
  }
}

const REMEDY = 'the options of the step that made the table, as mapValues(…, { value: … })'

type Serdes = ReturnType<typeof requiredSerdes>

function processor(
  name: string,
  operator: () => OperatorSpec,
  stores: { readonly connects?: readonly string[]; readonly owns?: readonly StoreDraft[] } = {},
): ProcessorEntry {
  const { connects = [], owns = [] } = stores
  return { kind: 'processor', name, parents: [], operator, connects: () => connects, owns: () => owns }
}

interface InternalTopic extends DraftSerdes {
  readonly sinkName: string
  readonly sourceName: string
  readonly partitioner: StreamPartitioner | undefined
}

function internalTopic(calledFor: string, topic: string, internal: InternalTopic): RepartitionEntry {
  const { sourceName: name, ...rest } = internal
  return {
    kind: 'repartition',
    name,
    filterName: undefined,
    parents: [],
    topic,
    partitions: undefined,
    calledFor,
    ...rest,
  }
}

function byKey(partitioner: KeyPartitioner | undefined): StreamPartitioner | undefined {
  return partitioner && ((_value, key, target) => partitioner(key, target))
}

/** The partition that the subscription came from, where it says so. */
const whereAsked: StreamPartitioner = value => (value as SubscriptionResponse).primaryPartition
