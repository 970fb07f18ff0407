import { millraceError } from '../errors/millrace-error.ts'
import { sameSerde } from '../serde/same-serde.ts'
import type { Serde } from '../serde/serde.ts'
import type { DraftSerdes, SourceEntry } from './graph.ts'

/** Two readers of one topic that become one. */
interface Reader extends DraftSerdes {
  readonly name: string
}

/**
 * Streams of one topic become one source, which decodes and stamps each record once.
 * @throws MILLRACE_TOPOLOGY_SOURCES_DIFFER when one of them would lose what it was given
 */
export function checkSameReading(main: SourceEntry, other: SourceEntry, topic: string): void {
  checkSameSerdes(main, other, topic)
  const [mine, others] = [main.reading, other.reading]
  if (JSON.stringify(mine.offsetReset) !== JSON.stringify(others.offsetReset)) {
    throw differ(main, other, topic, 'offsetReset')
  }
  if (mine.timestampExtractor !== others.timestampExtractor) throw differ(main, other, topic, 'timestampExtractor')
  if (mine.onBadTimestamp !== others.onBadTimestamp) throw differ(main, other, topic, 'onBadTimestamp')
}

/** A serde that is missing is the other one's, or an error of its own. */
export function checkSameSerdes(main: Reader, other: Reader, topic: string): void {
  for (const side of ['key', 'value'] as const) {
    const [mine, others] = [serdeOf(main, side), serdeOf(other, side)]
    if (mine === undefined || others === undefined || sameSerde(mine, others)) continue
    const names = mine.name === others.name ? `two of ${mine.name}` : `${mine.name} and ${others.name}`
    throw differ(main, other, topic, `${side} serdes (${names})`)
  }
}

function serdeOf(reader: Reader, side: 'key' | 'value'): Serde<unknown> | undefined {
  return side === 'key' ? reader.keySerde : reader.valueSerde
}

function differ({ name: first }: Reader, { name: second }: Reader, topic: string, what: string) {
  return millraceError('MILLRACE_TOPOLOGY_SOURCES_DIFFER', { first, second, topic, what })
}
