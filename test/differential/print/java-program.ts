import type { Case } from '../compare-case.ts'
import type { RunInput } from '../java-peer.ts'
import type { TopologySpec } from '../spec.ts'
import { calledAs, type FunctionKind, javaSource, type Used, usedFunctions } from './functions.ts'
import { javaStep } from './java-steps.ts'
import { kindsOf } from './kinds.ts'

/** A case as a program of Kafka Streams', for a reader: imports are left out, and what its processors do is in `Work.java`. */
export function javaProgram(whole: Case): readonly string[] {
  return [...javaTopology(whole.topology), ...run(whole)]
}

function javaTopology(topology: TopologySpec): readonly string[] {
  const kinds = kindsOf(topology)
  return [
    ...usedFunctions(topology).flatMap(declared),
    'var builder = new StreamsBuilder();',
    ...topology.map(step => javaStep(step, id => kinds.get(id) ?? { key: 'string', value: 'string' }, topology)),
  ]
}

const RETURNS: Readonly<Record<Exclude<FunctionKind, 'aggregation'>, string>> = {
  predicate: 'boolean',
  pairMapper: 'KeyValue<String, String>',
  valueMapper: 'String',
  flatPairMapper: 'List<KeyValue<String, String>>',
  flatValueMapper: 'List<String>',
  keySelector: 'String',
  reducer: 'String',
  joiner: 'String',
  extractor: 'long',
  topicChoice: 'String',
  partitions: 'String',
}

/** A method out of the lambda of the catalogue; of an aggregation, the record of its three. */
function declared(used: Used): readonly string[] {
  const source = javaSource(used)
  if (used.kind === 'aggregation') return [`Aggregation ${calledAs(used)} = ${source};`]
  const [parameters = '', ...body] = source.split(' -> ')
  const types = used.kind === 'extractor' ? ['String', 'long', 'long'] : ['String', 'String', 'String']
  const typed = parameters
    .replace(/[()]/g, '')
    .split(', ')
    .map((name, index) => `${types[index]} ${name}`)
  return [`${RETURNS[used.kind]} ${calledAs(used)}(${typed.join(', ')}) { return ${body.join(' -> ')}; }`]
}

function run(whole: Case): readonly string[] {
  const { inputs, caching, optimization, stores = 'persistent', commits = 'each', emitIntervalMs = 0 } = whole
  return [
    'var properties = new Properties();',
    'properties.put("application.id", "app");',
    ...(caching ? [] : ['properties.put("statestore.cache.max.bytes", "0");']),
    ...(optimization.length === 0 ? [] : [`properties.put("topology.optimization", "${optimization.join(',')}");`]),
    ...(stores === 'persistent'
      ? []
      : ['properties.put("dsl.store.suppliers.class", InMemoryDslStoreSuppliers.class);']),
    ...(emitIntervalMs === 0 ? [] : EMIT_INTERVALS.map(name => `properties.put("${name}", ${emitIntervalMs}L);`)),
    'var topology = builder.build(properties);',
    'var driver = new TopologyTestDriver(topology, properties, Instant.EPOCH);',
    ...(commits === 'each' ? [] : ['// Without the commit after each record: see Batches.java.']),
    ...inputs.map(piped),
    ...(commits === 'each' ? [] : ['commit();']),
  ]
}

const EMIT_INTERVALS = [
  '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__',
  '__emit.interval.ms.kstreams.windowed.aggregation__',
]

function piped(input: RunInput): string {
  if ('commit' in input) return 'commit();'
  if ('advanceWallClockMs' in input)
    return `driver.advanceWallClockTime(Duration.ofMillis(${input.advanceWallClockMs}));`
  const text = (base64: string | null): string =>
    base64 === null ? 'null' : JSON.stringify(Buffer.from(base64, 'base64').toString())
  const headers = (input.headers ?? []).map(([name, value]) => `.add(${JSON.stringify(name)}, ${text(value)})`)
  const shown = headers.length === 0 ? '' : `, new RecordHeaders()${headers.join('')}`
  return `input(${JSON.stringify(input.topic)}).pipeInput(${text(input.key)}, ${text(input.value)}, ${input.timestamp}${shown});`
}
