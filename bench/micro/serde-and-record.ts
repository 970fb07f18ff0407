/**
 * What the innermost steps cost, in nanoseconds per call: the record batch codec and the serdes' hot paths.
 *
 *   node --conditions=millrace-source bench/micro/serde-and-record.ts [word of a name …]
 *
 * The best of several rounds. Compare figures of one run only.
 */
import {
  BatchCursor,
  ByteSink,
  NO_HEADERS,
  RecordBatchBuilder,
  crc32c,
  int,
  json,
  list,
  long,
  murmur2,
  partitionForKey,
  readBatchHeader,
  safeLong,
  string,
  timeWindowed,
  type Serde,
} from '@millrace/core'

const ROUNDS = 60
const only = process.argv.slice(2)
/** What the loops compute goes here, so that nothing is optimised away. */
let kept = 0

function measure(name: string, perRound: number, round: () => number): void {
  if (only.length > 0 && !only.some(word => name.includes(word))) return
  let best = Infinity
  for (let i = 0; i < ROUNDS; i++) {
    const start = process.hrtime.bigint()
    kept += round()
    best = Math.min(best, Number(process.hrtime.bigint() - start) / perRound)
  }
  console.log(`${name.padEnd(44)} ${best.toFixed(best < 10 ? 1 : 0).padStart(7)} ns`)
}

const RECORDS = 10_000
const NOW = 1_700_000_000_000

/** Records as they come off the wire: keys of 10 bytes, values of some size, in one buffer. */
function source(valueBytes: number) {
  const bytes = Buffer.alloc((10 + valueBytes) * RECORDS)
  for (let i = 0; i < bytes.length; i++) bytes[i] = 97 + ((i * 7) % 26)
  return bytes
}

function fill(builder: RecordBatchBuilder, from: Buffer, valueBytes: number): void {
  const stride = 10 + valueBytes
  for (let i = 0; i < RECORDS; i++) {
    const at = i * stride
    builder.append(NOW + (i >> 4), from, at, at + 10, from, at + 10, at + stride, NO_HEADERS)
  }
}

for (const valueBytes of [8, 30, 90, 300]) {
  const from = source(valueBytes)
  const builder = new RecordBatchBuilder({ maxBytes: 1 << 24 })
  measure(`builder append, value of ${valueBytes} bytes`, RECORDS, () => {
    builder.reset()
    fill(builder, from, valueBytes)
    return builder.byteLength
  })
  builder.reset()
  fill(builder, from, valueBytes)
  measure(`builder finish, CRC in JS, value of ${valueBytes} bytes`, RECORDS, () => builder.finish().length)
  const batch = builder.finish()
  const header = readBatchHeader(batch, 0)
  measure(`cursor walk, value of ${valueBytes} bytes`, RECORDS, () => {
    const cursor = new BatchCursor(batch, header)
    let sum = 0
    while (cursor.advance()) sum += cursor.offset + cursor.keyEnd - cursor.valueStart
    return sum
  })
}

const megabyte = source(95)
measure('CRC-32C in JS, per KiB', megabyte.length / 1024, () => crc32c(megabyte, 0, megabyte.length))
measure('murmur2, 10 bytes', RECORDS, () => {
  let sum = 0
  for (let i = 0; i < RECORDS; i++) sum += murmur2(megabyte, i, i + 10)
  return sum
})
measure('partitionForKey, 10 bytes', RECORDS, () => {
  let sum = 0
  for (let i = 0; i < RECORDS; i++) sum += partitionForKey(megabyte, i, i + 10, 12)
  return sum
})

function measureSerde<T>(name: string, serde: Serde<T>, values: readonly T[]): void {
  const sink = new ByteSink(1 << 20)
  const write = serde.write!.bind(serde)
  const read = serde.read!
  measure(`${name} write`, RECORDS, () => {
    for (let i = 0; i < RECORDS; i++) {
      if (sink.position > 1 << 19) sink.position = 0
      write(values[i % values.length]!, sink)
    }
    return sink.position
  })
  const encoded = new ByteSink(1 << 20)
  const ends = values.map(value => {
    write(value, encoded)
    return encoded.position
  })
  measure(`${name} read`, RECORDS, () => {
    let sum = 0
    for (let i = 0; i < RECORDS; i++) {
      const at = i % ends.length
      const value = read(encoded.buffer, at === 0 ? 0 : ends[at - 1]!, ends[at]!)
      sum += value === null ? 0 : 1
    }
    return sum
  })
}

const many = <T>(make: (i: number) => T) => Array.from({ length: 1000 }, (_, i) => make(i))
// V8 keeps a string that was put together as a tree of its parts; one that was decoded is flat, and quicker to write.
const joined = (length: number) => many(i => `k${i}`.padEnd(length, 'abcdefgh'))
const text = (length: number) => joined(length).map(each => Buffer.from(each).toString())
for (const length of [5, 8, 16, 30, 100]) measureSerde(`string of ${length}`, string(), text(length))
measureSerde('string of 30, put together', string(), joined(30))
measureSerde(
  'string of 10, not ASCII',
  string(),
  many(i => `grüße ${i}`.padEnd(10, 'é')),
)
const order = (i: number) => ({
  id: `order-${i}`,
  customer: `c-${i % 7}`,
  amount: i / 4,
  lines: [{ sku: 'a1', n: 2 }],
  ms: NOW,
})
measureSerde(`json of ${JSON.stringify(order(100)).length} bytes`, json(), many(order))
measureSerde(
  'int',
  int(),
  many(i => i * 7919),
)
measureSerde(
  'long',
  long(),
  many(i => BigInt(i) * 7_919_000_017n),
)
measureSerde(
  'safeLong',
  safeLong(),
  many(i => i * 7_919_000_017),
)
measureSerde(
  'list of 3 ints',
  list(int()),
  many(i => [i, i + 1, i + 2]),
)
measureSerde(
  'timeWindowed string of 8',
  timeWindowed(string(), { sizeMs: 1000 }),
  text(8).map((key, i) => ({ key, window: { start: NOW + i, end: NOW + i + 1000 } })),
)

if (kept === 0) console.log('nothing was measured')
