import { seededChoice } from '../choice.ts'
import type { JavaPeer } from '../java-peer.ts'
import type { Datum, Format, Formats } from './format.ts'
import { KEY_FORMATS } from './key-formats.ts'
import { SERDE_FORMATS } from './serde-formats.ts'
import { STORE_FORMATS } from './store-formats.ts'
import { WRAPPER_FORMATS } from './wrapper-formats.ts'

export const FORMATS: Formats = { ...SERDE_FORMATS, ...KEY_FORMATS, ...WRAPPER_FORMATS, ...STORE_FORMATS }

const VALUES_PER_REQUEST = 500

export interface FormatComparison {
  /** How many values of each format were compared. */
  readonly counts: ReadonlyMap<string, number>
  /** For a reader, with the seed of each; empty unless something differs. */
  readonly differences: readonly string[]
}

/** This many values of each format, from a seed on: value number n is that of `seed + n` alone. */
export async function compareFormats(
  seed: number,
  values: number,
  java: Pick<JavaPeer, 'format'>,
  formats: Formats = FORMATS,
): Promise<FormatComparison> {
  const counts = new Map<string, number>()
  const differences: string[] = []
  for (const [name, format] of Object.entries(formats)) {
    for (let first = 0; first < values; first += VALUES_PER_REQUEST) {
      const seeds = Array.from({ length: Math.min(VALUES_PER_REQUEST, values - first) }, (_, at) => seed + first + at)
      differences.push(...(await compareValues(name, format, seeds, java)))
    }
    counts.set(name, values)
  }
  return { counts, differences }
}

async function compareValues(
  name: string,
  format: Format,
  seeds: readonly number[],
  java: Pick<JavaPeer, 'format'>,
): Promise<readonly string[]> {
  const drawn = seeds.map(seed => {
    const choice = seededChoice(seed)
    const datum = format.draw(choice)
    return { seed, datum, bytes: Buffer.from(format.encode(datum)), malformed: format.malformed?.(choice) }
  })
  const theirs = await java.format(
    name,
    drawn.map(({ datum, bytes, malformed }) => ({
      datum,
      reads: format.decode === undefined ? [] : [bytes, ...(malformed === undefined ? [] : [malformed])].map(base64),
    })),
  )
  return drawn.flatMap(({ seed, datum, bytes, malformed }, at) => {
    const answer = theirs[at]
    if (answer === undefined) return [`${name} (seed ${seed}): Java gives no answer`]
    const lines: string[] = []
    const differs = (what: string, expected: unknown, actual: unknown) => {
      const [wanted, got] = [JSON.stringify(expected), JSON.stringify(actual)]
      if (wanted !== got)
        lines.push(`${name} (seed ${seed}) ${JSON.stringify(datum)}, ${what}: Java ${wanted}, Millrace ${got}`)
    }
    differs('written', answer.written, base64(bytes))
    const { decode } = format
    if (decode === undefined) return lines
    const read = attempt(() => decode(Buffer.from(answer.written, 'base64')))
    differs('read', answer.read[0], read)
    if ('value' in read) {
      const again = attempt(() => base64(format.encode(read.value)))
      differs('read and written again', { value: answer.written }, again)
    }
    if (malformed !== undefined) {
      const readToo = attempt(() => decode(malformed))
      differs(`bytes ${malformed.toString('hex')} read`, answer.read[1], readToo)
    }
    return lines
  })
}

type Outcome<T> = { readonly value: T } | { readonly refused: true }

function attempt<T extends Datum>(read: () => T): Outcome<T> {
  try {
    return { value: read() }
  } catch {
    return { refused: true }
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
