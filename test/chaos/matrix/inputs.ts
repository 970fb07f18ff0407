import { partitionForKey } from '@millrace/core/codec'
import type { WrittenRecord } from '../../topic-io.ts'
import type { ApplicationName } from './topologies.ts'

export interface DrawnRecord extends WrittenRecord {
  /** Which of the application's inputs. */
  readonly input: number
}

const KEYS = 60
const CUSTOMERS = 12
const WORDS = 40
/** One of this many table rows is a deletion. */
const DELETED = 12

type Draw = (number: number, upTo: (n: number) => number) => { input: number; key: string; value: string | null }

/** Each value is told from all others by its number. */
const DRAWS: Readonly<Record<ApplicationName, Draw>> = {
  stateless: (number, upTo) => ({ input: 0, key: `k${upTo(KEYS)}`, value: String(number) }),
  aggregated: (number, upTo) => ({ input: 0, key: String(number), value: `w${Math.min(upTo(WORDS), upTo(WORDS))}` }),
  'windowed-join': (number, upTo) => ({ input: upTo(2), key: `k${upTo(KEYS)}`, value: String(number) }),
  'foreign-key-join': (number, upTo) =>
    upTo(5) === 0
      ? { input: 1, key: `c${upTo(CUSTOMERS)}`, value: upTo(DELETED) === 0 ? null : String(number) }
      : {
          input: 0,
          key: `o${upTo(KEYS)}`,
          value: upTo(DELETED) === 0 ? null : `c${upTo(CUSTOMERS)}:${number}`,
        },
}

/** Records `from` to `from + count` of an application, each in the partition of its key. */
export function drawRecords(
  application: ApplicationName,
  { from, count, partitions, random }: Drawing,
): readonly DrawnRecord[] {
  const upTo = (n: number) => Math.floor(random() * n)
  return Array.from({ length: count }, (_, index) => {
    const { input, key, value } = DRAWS[application](from + index, upTo)
    const bytes = Buffer.from(key)
    const partition = partitionForKey(bytes, 0, bytes.length, partitions)
    return { input, key, value, partition, timestamp: Date.now() }
  })
}

interface Drawing {
  readonly from: number
  readonly count: number
  readonly partitions: number
  readonly random: () => number
}
