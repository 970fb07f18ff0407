import type { GroupPoint, WindowedBy } from '../assemble/aggregation.ts'
import type { BranchedKStream, SplitOf } from './branched-kstream.ts'
import type { KGroupedStream } from './kgrouped-stream.ts'
import type { KGroupedTable } from './kgrouped-table.ts'
import type { SerdeSide } from './known-serdes.ts'
import type { KStream } from './kstream.ts'
import type { KTable } from './ktable.ts'
import type { StreamPoint, TablePoint } from '../assemble/point.ts'
import type { SessionWindowedKStream } from './session-windowed-kstream.ts'
import type { TableGroupPoint } from '../assemble/table-aggregation.ts'
import type { TimeWindowedKStream } from './time-windowed-kstream.ts'

/**
 * Makes the objects of the DSL. Streams give tables and tables give streams: they are handed this instead of importing one
 * another. The types are the caller's word, as a point of the topology has none.
 */
export interface Make {
  stream<K, V, Known extends SerdeSide>(from: StreamPoint): KStream<K, V, Known>
  table<K, V, Known extends SerdeSide>(from: TablePoint): KTable<K, V, Known>
  grouped<K, V, Known extends SerdeSide>(group: GroupPoint): KGroupedStream<K, V, Known>
  groupedTable<K, V>(group: TableGroupPoint): KGroupedTable<K, V>
  windowed<K, V, Known extends SerdeSide>(group: GroupPoint, by: WindowedBy): TimeWindowedKStream<K, V, Known>
  sessions<K, V, Known extends SerdeSide>(group: GroupPoint, by: WindowedBy): SessionWindowedKStream<K, V, Known>
  branched<K, V, Known extends SerdeSide>(
    from: StreamPoint,
    name: string | undefined,
  ): BranchedKStream<SplitOf<K, V, Known>>
}
