/**
 * What a codec costs and saves: µs of CPU to compress and to decompress a record, and the size of a batch, for batches of 64 KiB and
 * 1 MiB of JSON orders. Codecs take turns, so that a busy machine slows all of them; compare them within one run.
 *
 *   node --conditions=millrace-source bench/micro/compression.ts [rounds]
 */
import { compress, decompress } from '@millrace/compression'
import { BATCH_HEADER_BYTES, NO_HEADERS, RecordBatchBuilder, seededRandom } from '@millrace/core'

const ROUNDS = Number(process.argv[2] ?? 15)
const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const
const SIZES = [64 << 10, 1 << 20]

/** The records of a batch, as they are compressed. */
function recordsOf(maxBytes: number): { readonly bytes: Buffer; readonly count: number } {
  const random = seededRandom(1)
  const builder = new RecordBatchBuilder({ maxBytes })
  for (let i = 0; ; i++) {
    const key = Buffer.from(`customer-${Math.floor(random() * 100_000)}`)
    const status = ['new', 'paid', 'sent'][Math.floor(random() * 3)]
    const value = Buffer.from(
      JSON.stringify({ id: `order-${i}`, status, cents: Math.floor(random() * 1e6), at: 1_764_000_000_000 + i * 7 }),
    )
    if (!builder.append(1_764_000_000_000 + i, key, 0, key.length, value, 0, value.length, NO_HEADERS)) break
  }
  const { count } = builder
  return { bytes: Buffer.from(builder.finish().subarray(BATCH_HEADER_BYTES)), count }
}

function cpuUs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

for (const size of SIZES) {
  const { bytes, count } = recordsOf(size)
  const times = Math.max(1, Math.ceil((4 << 20) / size))
  const found = new Map(CODECS.map(codec => [codec, { to: [] as number[], from: [] as number[] }]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const codec of CODECS) {
      const { to, from } = found.get(codec)!
      let packed: Uint8Array = bytes
      to.push(cpuUs(() => repeat(times, () => (packed = compress(codec, bytes)))) / times / count)
      from.push(cpuUs(() => repeat(times, () => decompress(codec, packed, 4 << 20))) / times / count)
    }
  }
  console.log(`\n${size >> 10} KiB, ${count} records of ${(bytes.length / count).toFixed(0)} bytes`)
  for (const codec of CODECS) {
    const { to, from } = found.get(codec)!
    const ratio = bytes.length / compress(codec, bytes).length
    console.log(
      `${codec.padEnd(7)} compress ${median(to).toFixed(2)} µs/record, decompress ${median(from).toFixed(2)} µs/record, ${ratio.toFixed(1)} times smaller`,
    )
  }
}

function repeat(times: number, work: () => void): void {
  for (let i = 0; i < times; i++) work()
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!
}
