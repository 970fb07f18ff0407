/** CRC-32C of `bytes[start, end)`, unsigned. A client may inject one that uses the processor's instruction. */
export type Crc32c = (bytes: Uint8Array, start: number, end: number) => number

const POLYNOMIAL = 0x82f63b78 // Castagnoli, reflected

/** `tables[n]` advances a byte by `n` further zero bytes: eight of them take eight bytes at once ("slicing by 8"). */
const [T0, T1, T2, T3, T4, T5, T6, T7] = slicingTables()

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

export const crc32c: Crc32c = (bytes, start, end) => {
  let crc = -1
  let p = start
  if (LITTLE_ENDIAN && end - start >= 64) {
    while (((bytes.byteOffset + p) & 3) !== 0) crc = T0[(crc ^ bytes[p++]!) & 255]! ^ (crc >>> 8)
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + p, ((end - p) >> 3) << 1)
    crc = overWords(crc, words)
    p += words.length << 2
  }
  while (p < end) crc = T0[(crc ^ bytes[p++]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

function overWords(initial: number, words: Int32Array): number {
  let crc = initial
  for (let i = 0; i < words.length; i += 2) {
    const low = crc ^ words[i]!
    const high = words[i + 1]!
    crc =
      T7[low & 255]! ^
      T6[(low >>> 8) & 255]! ^
      T5[(low >>> 16) & 255]! ^
      T4[low >>> 24]! ^
      T3[high & 255]! ^
      T2[(high >>> 8) & 255]! ^
      T1[(high >>> 16) & 255]! ^
      T0[high >>> 24]!
  }
  return crc
}

type Tables = readonly [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
]

function slicingTables(): Tables {
  const table = (entry: (index: number) => number) => Int32Array.from({ length: 256 }, (_, index) => entry(index))
  const first = table(index => {
    let crc = index
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    return crc
  })
  const next = (before: Int32Array) => table(index => first[before[index]! & 255]! ^ (before[index]! >>> 8))
  const second = next(first)
  const third = next(second)
  const fourth = next(third)
  const fifth = next(fourth)
  const sixth = next(fifth)
  const seventh = next(sixth)
  return [first, second, third, fourth, fifth, sixth, seventh, next(seventh)]
}
