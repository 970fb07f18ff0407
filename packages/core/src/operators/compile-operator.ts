import { compileAggregate } from './aggregate.ts'
import { compileBranch } from './branch.ts'
import { compileDeduplicate } from './deduplicate.ts'
import { compileFilter, compileRepartitionFilter } from './filter.ts'
import {
  compileForeignKeyLookUp,
  compileForeignKeyReceive,
  compileForeignKeyResolve,
  compileForeignKeySend,
  compileForeignKeyUpdate,
} from './foreign-key-join.ts'
import { compileFlatMap, compileFlatMapValues, compileMap, compileMapValues, compileSelectKey } from './map.ts'
import { compileMapValuesAsync } from './map-values-async.ts'
import { compilePeek, compilePrint } from './peek.ts'
import type { OperatorEnv, Process } from './process.ts'
import { compileUserProcessor } from './user-processor.ts'
import { compileSessionAggregate } from './session-aggregate.ts'
import { compileSlidingAggregate } from './sliding-aggregate.ts'
import { compileJoinWindow, compileStreamStreamJoin } from './stream-stream-join.ts'
import { compileStreamSelfJoin } from './stream-self-join.ts'
import { compileStreamGlobalJoin } from './stream-global-join.ts'
import { compileStreamTableJoin } from './stream-table-join.ts'
import {
  compileTableFilter,
  compileTableJoinMerge,
  compileTableMapValues,
  compileTableSource,
  compileTableToStream,
} from './table.ts'
import { compileSuppress } from './suppress.ts'
import { compileTableAggregate } from './table-aggregate.ts'
import { compileTableGroup } from './table-group.ts'
import { compileTableTransform } from './table-transform.ts'
import { compileTableTableJoin } from './table-table-join.ts'
import { compileWindowAggregate } from './window-aggregate.ts'

/** The function that a processor node is at run time. */
export function compileOperator(env: OperatorEnv): Process {
  const spec = env.node.operator
  switch (spec.type) {
    case 'filter':
      return compileFilter(spec, env)
    case 'map':
      return compileMap(spec, env)
    case 'mapValues':
      return compileMapValues(spec, env)
    case 'mapValuesAsync':
      return compileMapValuesAsync(spec, env)
    case 'flatMap':
      return compileFlatMap(spec, env)
    case 'flatMapValues':
      return compileFlatMapValues(spec, env)
    case 'selectKey':
      return compileSelectKey(spec, env)
    case 'passThrough':
      return env.forward
    case 'branch':
      return compileBranch(spec, env)
    case 'peek':
      return compilePeek(spec, env)
    case 'print':
      return compilePrint(spec, env)
    case 'repartitionFilter':
      return compileRepartitionFilter(spec, env)
    case 'process':
      return compileUserProcessor(spec, env)
    case 'aggregate':
      return compileAggregate(spec, env)
    case 'windowAggregate':
      return compileWindowAggregate(spec, env)
    case 'slidingAggregate':
      return compileSlidingAggregate(spec, env)
    case 'sessionAggregate':
      return compileSessionAggregate(spec, env)
    case 'deduplicate':
      return compileDeduplicate(spec, env)
    case 'tableSource':
    case 'toTable':
      return compileTableSource(spec, env)
    case 'tableFilter':
      return compileTableFilter(spec, env)
    case 'tableMapValues':
      return compileTableMapValues(spec, env)
    case 'tableToStream':
      return compileTableToStream(env)
    case 'streamSelfJoin':
      return compileStreamSelfJoin(spec, env)
    case 'streamGlobalJoin':
      return compileStreamGlobalJoin(spec, env)
    case 'streamTableJoin':
      return compileStreamTableJoin(spec, env)
    case 'joinWindow':
      return compileJoinWindow(spec, env)
    case 'streamStreamJoin':
      return compileStreamStreamJoin(spec, env)
    case 'tableGroup':
      return compileTableGroup(spec, env)
    case 'tableAggregate':
      return compileTableAggregate(spec, env)
    case 'tableTableJoin':
      return compileTableTableJoin(spec, env)
    case 'tableTransformValues':
      return compileTableTransform(spec, env)
    case 'suppress':
      return compileSuppress(spec, env)
    case 'foreignKeySend':
      return compileForeignKeySend(spec, env)
    case 'foreignKeyReceive':
      return compileForeignKeyReceive(spec, env)
    case 'foreignKeyLookUp':
      return compileForeignKeyLookUp(spec, env)
    case 'foreignKeyUpdate':
      return compileForeignKeyUpdate(spec, env)
    case 'foreignKeyResolve':
      return compileForeignKeyResolve(spec, env)
    case 'tableJoinMerge':
      return compileTableJoinMerge(spec, env)
  }
}
