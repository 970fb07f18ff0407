/**
 * What `avro()` costs beside avsc alone, which writes no id and checks no schema: CPU time of avsc divided by that of Millrace, so that
 * more is better. Both have the same values. They take turns, so that a busy machine slows both.
 *
 *   node --conditions=millrace-source bench/micro/avro.ts [rounds] [word of a name …]
 */
import { whenReady } from '@millrace/core'
import { avro, schemaRegistry, startRegistry } from '@millrace/schema-registry'
import avsc from 'avsc'

const ROUNDS = Number(process.argv[2] ?? 31)
const only = process.argv.slice(3)
const GOAL = 0.8
const CALLS = 50_000

const id = { name: 'id', type: 'long' }
const text = (name: string) => ({ name, type: 'string' })
const order = (...more: readonly object[]) => ({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    id,
    text('customer'),
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'PAID', 'SENT'] } },
    {
      name: 'lines',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Line',
          fields: [text('sku'), { name: 'count', type: 'int' }, { name: 'price', type: 'double' }],
        },
      },
    },
    { name: 'at', type: 'long' },
    ...more,
  ],
})
const orderOf = (i: number) => ({
  id: i,
  customer: `customer-${i % 977}`,
  note: i % 3 === 0 ? 'leave it at the door' : null,
  state: ['NEW', 'PAID', 'SENT'][i % 3],
  lines: Array.from({ length: 1 + (i % 3) }, (_, n) => ({ sku: `sku-${n}`, count: n + 1, price: i / 4 })),
  at: 1_764_000_000_000 + i * 7,
})

interface Case {
  readonly name: string
  readonly written: object
  /** @default the same */
  readonly read?: object
  readonly valueOf: (i: number) => unknown
}

const CASES: readonly Case[] = [
  {
    name: 'numbers',
    written: { type: 'record', name: 'Point', fields: ['x', 'y'].map(name => ({ name, type: 'double' })).concat(id) },
    valueOf: i => ({ x: i / 3, y: -i, id: i }),
  },
  {
    name: 'texts',
    written: { type: 'record', name: 'Person', fields: ['name', 'street', 'city'].map(text) },
    valueOf: i => ({ name: `Ada Lovelace ${i}`, street: 'St James’s Square 12', city: 'London' }),
  },
  { name: 'orders', written: order(), valueOf: orderOf },
  {
    name: 'orders, read with a newer schema',
    written: order(),
    read: order({ name: 'channel', type: 'string', default: 'shop' }),
    valueOf: orderOf,
  },
]

/** What the loops compute goes here, so that nothing is optimised away. */
let kept = 0

/** Microseconds for one call. */
function cpuUs(work: (i: number) => number): number {
  const before = process.cpuUsage()
  for (let i = 0; i < CALLS; i++) kept += work(i)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / CALLS
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!
}

/** @returns the median of the ratios of all rounds */
function compare(name: string, alone: (i: number) => number, ours: (i: number) => number): number {
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    // Who comes first changes, since the second may find the caches warm.
    const first = cpuUs(round % 2 === 0 ? alone : ours)
    const second = cpuUs(round % 2 === 0 ? ours : alone)
    return round % 2 === 0 ? { alone: first, ours: second } : { alone: second, ours: first }
  })
  const ratio = median(rounds.map(round => round.alone / round.ours))
  const [other, own] = [median(rounds.map(round => round.alone)), median(rounds.map(round => round.ours))]
  console.log(
    `${name.padEnd(42)} avsc ${other.toFixed(2)} µs, Millrace ${own.toFixed(2)} µs, ratio ${ratio.toFixed(2)}`,
  )
  return ratio
}

await using running = await startRegistry()
const registry = schemaRegistry({ url: running.url })
const ratios: number[] = []
for (const { name, written, read = written, valueOf } of CASES) {
  if (only.length > 0 && !only.some(word => name.includes(word))) continue
  const topic = name.replaceAll(/\W/g, '-')
  const writer = avro<unknown>(written, { registry })
  const reader = read === written ? writer : avro<unknown>(read, { registry })
  const alone = avsc.Type.forSchema(written as avsc.Schema)
  const aloneReader = avsc.Type.forSchema(read as avsc.Schema)
  const resolver = read === written ? undefined : aloneReader.createResolver(alone)
  const values = Array.from({ length: 1000 }, (_, i) => valueOf(i))
  await whenReady(() => writer.serialize(values[0], topic))
  const framed = values.map(value => Buffer.from(writer.serialize(value, topic)))
  const plain = values.map(value => alone.toBuffer(value))
  const same = plain.every((bytes, i) => bytes.equals(framed[i]!.subarray(5)))
  if (!same) throw new Error(`${name}: avsc writes other bytes`)
  await whenReady(() => reader.deserialize(framed[0]!, topic))
  if (read === written) {
    const encoded = compare(
      `${name}, encode`,
      i => alone.toBuffer(values[i % 1000]).length,
      i => writer.serialize(values[i % 1000], topic).length,
    )
    ratios.push(encoded)
  }
  const decoded = compare(
    `${name}, decode`,
    i => (aloneReader.fromBuffer(plain[i % 1000]!, resolver) === null ? 0 : 1),
    i => (reader.deserialize(framed[i % 1000]!, topic) === null ? 0 : 1),
  )
  ratios.push(decoded)
}
const least = Math.min(...ratios)
console.log(`The least ratio is ${least.toFixed(2)}; the goal is ${GOAL}.`)
if (kept === 0) console.log('nothing was measured')
