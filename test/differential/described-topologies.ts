import {
  hopping,
  joinWindows,
  long,
  sessions,
  sliding,
  type StreamsBuilder,
  string,
  tumbling,
  unlimited,
} from 'millrace'

const texts = { key: string(), value: string() }
const always = () => true
const byValue = (value: string) => value
const keep = <V>(value: V) => value
const pair = <K, V>(value: V, key: K) => [key, value] as const
const same = (aggregate: string) => aggregate
const first = (one: string) => one
const empty = () => ''
const minute = tumbling({ sizeMs: 60_000, graceMs: 10_000 })
const activity = sessions({ inactivityGapMs: 180_000, graceMs: 7_000 })
const windows = joinWindows({ timeDifferenceMs: 300_000, graceMs: 3_000 })

/**
 * Some topologies of `describe-java`, under their names: what Kafka Streams says of them is kept in
 * packages/core/src/topology/fixtures.
 */
export const DESCRIBED_TOPOLOGIES: Readonly<Record<string, (b: StreamsBuilder) => void>> = {
  'word-count-store-named': b =>
    b
      .stream('lines', texts)
      .flatMapValues(line => line.split(' '))
      .groupBy(byValue, texts)
      .count({ store: 'counts' })
      .toStream()
      .to('counts-out'),
  'several-aggregations'(b) {
    const g = b.stream('in', texts).groupBy(byValue, texts)
    g.count()
    g.reduce(keep)
    g.aggregate(empty, same, { ...texts, store: {} })
  },
  'stream-joins'(b) {
    const left = b.stream('left', texts)
    const right = b.stream('right', texts)
    left.join(right, keep, { windows }).to('inner', texts)
    left.leftJoin(right, keep, { windows }).to('left-out', texts)
    left.outerJoin(right, value => value ?? '', { windows }).to('outer', texts)
    left.selectKey(byValue).join(right.selectKey(byValue), keep, { windows, key: string() }).to('keyed', texts)
    left.join(left, keep, { windows }).to('self', texts)
  },
  'stream-table-join-after-map'(b) {
    const s = b.stream('orders', texts)
    const t = b.table('customers', texts)
    s.map(pair).join(t, keep, texts).to('enriched', texts)
  },
  repartition(b) {
    b.stream('in', texts).repartition().to('out')
    b.stream('in2', texts)
      .map(pair)
      .repartition({ ...texts, name: 'by-key', partitions: 3 })
      .groupByKey()
      .count()
    b.stream('in3', texts).map(pair).repartition(texts).mapValues(keep).to('out3', texts)
  },
  'foreign-key-join': b =>
    b
      .table('orders', texts)
      .join(b.table('customers', texts), keep, keep, { ...texts, store: {} })
      .toStream()
      .to('out'),
  'table-joins'(b) {
    const t = b.table('t', texts)
    const u = b.table('u', texts)
    t.join(u, keep).toStream().to('inner', texts)
    t.leftJoin(u, keep).toStream().to('left', texts)
    t.outerJoin(u, keep).toStream().to('outer', { value: string() })
  },
  suppressed(b) {
    b.stream('views', texts)
      .groupByKey()
      .windowedBy(minute)
      .count()
      .suppress({ until: 'window-closes' })
      .toStream((_value, { key }) => key)
      .to('final', { key: string() })
    const t = b.table('t', texts)
    t.suppress({ until: 'time-limit', waitMs: 5_000, maxRecords: 10 }).filter(always).toStream().to('rare')
    t.mapValues(keep, { value: string(), store: {} })
      .suppress({ until: 'time-limit', waitMs: 5_000, whenFull: 'shut-down', logging: false, name: 'held' })
      .toStream()
      .to('rare2')
  },
  windowed(b) {
    b.stream('views', texts)
      .groupByKey()
      .windowedBy(minute)
      .count()
      .toStream((_value, { key }) => key)
      .to('per-minute', { key: string() })
    const w = b.stream('clicks', texts).groupBy(byValue, texts).windowedBy(minute)
    w.count({ store: 'clicks-per-minute' })
    w.count({ store: {} })
    w.reduce(keep, { name: 'window-reduce' })
    w.aggregate(empty, same, { ...texts, store: {} })
      .toStream()
      .to('aggregates')
  },
  'windows-of-all-kinds'(b) {
    const g = b.stream('in', texts).groupByKey()
    const slid = g.windowedBy(sliding({ timeDifferenceMs: 120_000, graceMs: 5_000 }))
    slid.count()
    slid
      .count({ key: string(), value: long(), store: {} })
      .toStream((_value, { key }) => key)
      .to('slid', { key: string() })
    const clicks = b.stream('clicks', texts).groupBy(byValue, texts).windowedBy(activity)
    clicks.count()
    clicks.count({ key: string(), value: long(), store: {} })
    clicks.reduce(keep, { name: 'session-reduce', store: 'sessions' })
    clicks
      .aggregate(empty, same, first, { ...texts, store: {} })
      .toStream()
      .to('aggregates')
    const hops = hopping({ sizeMs: 60_000, advanceMs: 20_000, graceMs: 10_000 })
    g.windowedBy(hops, { emitStrategy: 'on-close' }).reduce(keep)
    g.windowedBy(unlimited()).count({ name: 'ever' })
  },
  'to-table'(b) {
    b.stream('a', texts).toTable().toStream().to('a-out')
    b.stream('b', texts).toTable({ store: 'b-store' }).toStream().to('b-out')
    b.stream('c', texts)
      .map(pair)
      .toTable({ name: 'c-table', ...texts, store: {} })
      .toStream()
      .to('c-out')
    const d = b.stream('d', texts).selectKey(byValue).toTable({ key: string() })
    b.stream('e', texts).join(d, keep).to('e-out', texts)
  },
}
