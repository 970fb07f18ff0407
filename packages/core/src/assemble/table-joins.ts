import type { TableJoiner, TableTableJoinSpec } from '../operators/table-table-join.ts'
import type { GraphEntry, MemberProcessor } from '../topology/graph.ts'
import { optionalName } from '../topology/naming.ts'
import { getterStores, joinedTableState, versionedSemantics } from '../topology/table-state.ts'
import { sameGraph, type TablePoint } from './point.ts'
import { type GivenSerdes, type StoreOption, storeChoice, tableStore } from './store-options.ts'

/**
 * The table of the joined rows of two tables with the same keys. Unlike filters and mapped tables it is kept in a store even
 * where only the store's settings are given.
 */
export function addTableTableJoin(
  left: TablePoint,
  right: TablePoint,
  join: TableTableJoinSpec['join'],
  joiner: TableJoiner,
  options: GivenSerdes & { readonly name?: string | undefined; readonly store?: StoreOption | undefined } = {},
): TablePoint {
  const { graph } = left
  const { names } = graph
  sameGraph(left, right, join === 'inner' ? 'join' : `${join}Join`)
  const choice = storeChoice(options.store, options)
  const storeName = choice.given ? (choice.name ?? names.store('KTABLE-MERGE-')) : undefined
  const given = optionalName(options.name, 'operator')
  const name = names.processorOr(given, 'KTABLE-MERGE-')
  const sources = [...new Set([...left.sources, ...right.sources])]
  graph.addCopartitioned({ operator: name, sources })
  // Without old values, deletions of rows that never were would be passed on.
  if (join !== 'inner') left.table.enableSendingOldValues(true)
  if (join === 'outer') right.table.enableSendingOldValues(true)
  const leftGetter = left.table.getter()
  const rightGetter = right.table.getter()
  const thisName = names.processorOr(given && `${given}-join-this`, 'KTABLE-JOINTHIS-')
  const otherName = names.processorOr(given && `${given}-join-other`, 'KTABLE-JOINOTHER-')

  const keySerde = choice.key ?? left.keySerde
  const valueSerde = choice.value ?? left.valueSerde
  const table = joinedTableState(left.table, right.table, join, joiner, storeName, choice.historyRetentionMs)
  const owned = storeName === undefined ? [] : [tableStore(storeName, choice, { keySerde, valueSerde })]
  const entry: GraphEntry = {
    kind: 'processors',
    name,
    parents: [],
    members(nameOf) {
      const sendOldValues = table.sendsOldValues()
      const side = (which: 'left' | 'right', parent: TablePoint, other: typeof leftGetter): MemberProcessor => ({
        name: which === 'left' ? thisName : otherName,
        operator: {
          type: 'tableTableJoin',
          join,
          side: which,
          joiner,
          other,
          sendOldValues,
          ...versionedSemantics(parent.table),
        },
        parents: [nameOf(parent.entry)],
        stores: getterStores(other),
      })
      return [
        side('left', left, rightGetter),
        side('right', right, leftGetter),
        {
          name,
          operator: { type: 'tableJoinMerge', store: storeName, sendOldValues },
          parents: [thisName, otherName],
          stores: owned.map(store => store.name),
        },
      ]
    },
    owns: () => owned,
  }
  graph.add(entry, [left.entry, right.entry])
  return { graph, entry, name, sources, keySerde, valueSerde, table, storeName: choice.name }
}
