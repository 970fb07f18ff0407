import type { Serde } from '../serde/serde.ts'
import { checkedName, optionalName } from '../topology/naming.ts'
import type { StreamPartitioner, TopicNameExtractor } from '../topology/plan.ts'
import type { StreamPoint } from './point.ts'

interface SinkOptions {
  readonly name?: string | undefined
  readonly key?: Serde<unknown> | undefined
  readonly value?: Serde<unknown> | undefined
  readonly partitioner?: StreamPartitioner | undefined
}

export function addSink(from: StreamPoint, topic: string | TopicNameExtractor, options: SinkOptions = {}): void {
  if (typeof topic !== 'function') checkedName(topic, 'topic')
  const name = from.graph.names.processorOr(optionalName(options.name, 'operator'), 'KSTREAM-SINK-')
  from.graph.add(
    {
      kind: 'sink',
      name,
      parents: [],
      topic,
      keySerde: options.key ?? from.keySerde,
      valueSerde: options.value ?? from.valueSerde,
      partitioner: options.partitioner,
    },
    [from.entry],
  )
}
