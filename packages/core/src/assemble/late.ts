import type { GraphEntry } from '../topology/graph.ts'
import { type BasePoint, type StreamPoint, streamPoint } from './point.ts'
import { processorEntry } from './steps.ts'

/** Called with the stream of late records, where the user asked for it. */
export type OnLate = ((late: StreamPoint) => void) | undefined

/** The child that gets what is late. Its name spends no number, so that with it or without, all others stay as they are. */
export function lateName(operator: string, onLate: OnLate): string | undefined {
  return onLate === undefined ? undefined : `${operator}-late`
}

/** Adds that child below those who leave out late records, and hands the stream that begins there to the user. */
export function addLate(
  operators: readonly GraphEntry[],
  from: Pick<BasePoint, 'graph' | 'name' | 'sources' | 'keySerde'>,
  onLate: OnLate,
): void {
  const name = lateName(from.name, onLate)
  if (onLate === undefined || name === undefined) return
  const { graph, sources, keySerde } = from
  const entry = processorEntry(name, { type: 'passThrough' })
  graph.add(entry, operators)
  onLate(streamPoint({ graph, entry, name, sources, keySerde, valueSerde: undefined, repartitionRequired: false }))
}
