import type { Serde } from '../serde/serde.ts'
import { optionalName } from '../topology/naming.ts'
import type { GroupPoint } from './aggregation.ts'
import type { StreamPoint } from './point.ts'
import { checkPartitions } from './repartition.ts'

/** What `groupBy` and `groupByKey` stand for. */
export function groupPoint(
  from: StreamPoint,
  calledFor: GroupPoint['calledFor'],
  options: {
    readonly name?: string | undefined
    readonly key?: Serde<unknown> | undefined
    readonly value?: Serde<unknown> | undefined
    readonly partitions?: number | undefined
  } = {},
): GroupPoint {
  // Also where no repartition turns out to be needed: a later operator may need one.
  checkPartitions(calledFor, options.partitions)
  return {
    ...from,
    keySerde: options.key ?? from.keySerde,
    valueSerde: options.value ?? from.valueSerde,
    groupName: optionalName(options.name, 'grouping'),
    partitions: options.partitions,
    calledFor,
    shared: {},
  }
}
