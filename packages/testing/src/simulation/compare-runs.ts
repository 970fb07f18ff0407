import type { SimulatedOutput, SimulatedRun } from './simulate.ts'
import { DEAD_LETTER_TOPIC } from './simulation-case.ts'

/**
 * How the output of a run is compared with that of one without trouble, key by key.
 *
 * - `last`: the last value of each key is the same. Of a cache, all that can be said.
 * - `each`: the same values came out, in any order: for topologies whose partitions meet.
 * - `each-in-order`: the same values in the same order.
 *
 * Under at_least_once more may have come out than that: `last` then asks for the keys only, the others for each value at
 * least as often.
 */
export type Comparison = 'last' | 'each' | 'each-in-order'

/** What `run` lacks, or has too much, in comparison with `calm`. */
export function differences(run: SimulatedRun, calm: SimulatedRun, comparison: Comparison): readonly string[] {
  const found: string[] = []
  for (const topic of calm.topics) {
    const actual = byKey(run.output(topic))
    const expected = byKey(calm.output(topic))
    const exactly = run.guarantee === 'exactly_once'
    for (const [key, values] of expected) {
      const got = actual.get(key) ?? []
      // Bad records of several partitions meet there.
      if (!holds(got, values, topic === DEAD_LETTER_TOPIC ? 'each' : comparison, exactly))
        found.push(`${topic}: ${key} gave ${show(got)}, and without trouble ${show(values)}`)
    }
    for (const [key, got] of actual) {
      if (!expected.has(key)) found.push(`${topic}: ${key} gave ${show(got)}, and without trouble nothing`)
    }
  }
  return found
}

function holds(got: readonly string[], wanted: readonly string[], comparison: Comparison, exactly: boolean): boolean {
  if (comparison === 'last') return exactly ? got.at(-1) === wanted.at(-1) : got.length > 0
  if (!exactly) return contains(got, wanted)
  if (comparison === 'each-in-order') return got.join('\n') === wanted.join('\n')
  return got.length === wanted.length && contains(got, wanted)
}

/** Whether `all` has each of `wanted` at least as often. */
function contains(all: readonly string[], wanted: readonly string[]): boolean {
  const left = [...all]
  return wanted.every(value => {
    const index = left.indexOf(value)
    if (index >= 0) left.splice(index, 1)
    return index >= 0
  })
}

function byKey(records: readonly SimulatedOutput[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const { keyBytes, valueBytes } of records) {
    const key = text(keyBytes)
    const list = values.get(key) ?? []
    list.push(text(valueBytes))
    values.set(key, list)
  }
  return values
}

/** Bytes as text that can be read, and that differs when they do. */
function text(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : JSON.stringify(Buffer.from(bytes).toString('latin1'))
}

function show(values: readonly string[]): string {
  const shown = values.slice(-8).join(', ')
  return values.length === 0 ? 'nothing' : `${values.length} values${values.length > 8 ? ', the last' : ''}: ${shown}`
}
