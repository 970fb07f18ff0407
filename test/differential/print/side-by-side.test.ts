import { expect, it } from 'vitest'
import type { Case } from '../compare-case.ts'
import { generateCase } from '../generate-case.ts'
import { javaProgram } from './java-program.ts'
import { columns, sideBySide } from './side-by-side.ts'

const COUNT: Case = {
  topology: [
    { op: 'stream', id: 'in1', topics: ['lines'], extractor: 'earlier' },
    { op: 'groupBy', id: 's2', from: 'in1', selector: 'firstChar', name: 'by' },
    { op: 'windowedBy', id: 's3', from: 's2', kind: 'session', sizeMs: 5, graceMs: 0, emit: 'on-close' },
    { op: 'aggregate', id: 's4', from: 's3', aggregation: 'countText', store: { caching: false } },
    { op: 'toStream', id: 's5', from: 's4' },
    { op: 'to', from: 's5', topic: 'out' },
  ],
  inputs: [
    { topic: 'lines', key: 'aw==', value: null, timestamp: 5, headers: [['h', 'eA==']] },
    { advanceWallClockMs: 3 },
  ],
  caching: false,
  optimization: ['reuse.ktable.source.topics'],
}

it('prints Java as Kafka Streams wants it', () => {
  expect(javaProgram(COUNT)).toEqual([
    'long extractorEarlier(String value, long timestamp, long partitionTime) { return timestamp - value.length(); }',
    'String keySelectorFirstChar(String key, String value) { return value.substring(0, Math.min(1, value.length())); }',
    'Aggregation aggregationCountText = new Aggregation(() -> "0", (key, value, aggregate) -> String.valueOf(Long.parseLong(aggregate) + 1), (key, one, other) -> String.valueOf(Long.parseLong(one) + Long.parseLong(other)));',
    'var builder = new StreamsBuilder();',
    'var in1 = builder.stream(List.of("lines"), Consumed.with(Serdes.String(), Serdes.String()).withTimestampExtractor((record, time) -> extractorEarlier(text(record.value()), record.timestamp(), time)));',
    'var s2 = in1.groupBy((key, value) -> keySelectorFirstChar(text(key), text(value)), Grouped.with(Serdes.String(), Serdes.String()).withName("by"));',
    'var s3 = s2.windowedBy(SessionWindows.ofInactivityGapAndGrace(Duration.ofMillis(5), Duration.ofMillis(0))).emitStrategy(EmitStrategy.onWindowClose());',
    'var s4 = s3.aggregate(aggregationCountText.initializer(), (key, value, aggregate) -> aggregationCountText.aggregator().apply(text(key), text(value), text(aggregate)), (key, one, other) -> aggregationCountText.merger().apply(text(key), text(one), text(other)), Materialized.with(Serdes.String(), Serdes.String()).withCachingDisabled());',
    'var s5 = s4.toStream();',
    's5.to("out", Produced.with(sessionWindowed(Serdes.String()), Serdes.String()));',
    'var properties = new Properties();',
    'properties.put("application.id", "app");',
    'properties.put("statestore.cache.max.bytes", "0");',
    'properties.put("topology.optimization", "reuse.ktable.source.topics");',
    'var topology = builder.build(properties);',
    'var driver = new TopologyTestDriver(topology, properties, Instant.EPOCH);',
    'input("lines").pipeInput("k", null, 5, new RecordHeaders().add("h", "x"));',
    'driver.advanceWallClockTime(Duration.ofMillis(3));',
  ])
})

it('has all operators in both languages', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const shown = sideBySide(generateCase(seed), []).join('\n')
    expect(shown).not.toMatch(/undefined[.(]|\[object /)
    expect(shown).toContain('var builder = new StreamsBuilder();')
    expect(shown).toContain('const builder = new StreamsBuilder()')
  }
})

it('puts what differs below the programs', () => {
  expect(sideBySide(COUNT, ['topic out: Java 1, Millrace 2']).at(-1)).toBe('topic out: Java 1, Millrace 2')
})

it.each<[string, readonly string[], readonly string[], readonly string[]]>([
  ['columns of equal width', ['a', 'bcd'], ['x', 'y'], ['a   | x', 'bcd | y']],
  ['a column that is shorter', ['a'], ['x', 'y'], ['a | x', '  | y']],
  ['a line that is too long', ['one two three'], ['x'], ['one two    | x', '    three  |']],
  ['a line that cannot be broken', ['onetwothreefour'], ['x'], ['onetwothreefour | x']],
])('lays out %s', (_what, left, right, expected) => {
  expect(columns(left, right, 10).map(line => line.replace(/ +\|/, ' |'))).toEqual(
    expected.map(line => line.replace(/ +\|/, ' |')),
  )
})
