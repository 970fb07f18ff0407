import { readFileSync } from 'node:fs'
import { CATALOGUE, type Catalogue } from '../catalogue.ts'
import type { Step, TopologySpec } from '../spec.ts'

export type FunctionKind = keyof Catalogue

/** A function of the catalogue that a program uses. */
export interface Used {
  readonly kind: FunctionKind
  readonly name: string
}

/** What it is called in a program: `predicateAlways`. */
export function calledAs({ kind, name }: Used): string {
  return `${kind}${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

/** The functions that a topology names, each once. */
export function usedFunctions(topology: TopologySpec): readonly Used[] {
  const used = topology.flatMap(functionsOf)
  return [...new Map(used.map(each => [calledAs(each), each])).values()]
}

/** Its source in TypeScript. Of an aggregation, an object of three. */
export function typescriptSource({ kind, name }: Used): string {
  const found = (CATALOGUE[kind] as Readonly<Record<string, unknown>>)[name]
  if (typeof found === 'function') return tidy(String(found))
  const { initial, add, merge } = found as { initial: string; add: unknown; merge: unknown }
  return `{ initial: ${JSON.stringify(initial)}, add: ${tidy(String(add))}, merge: ${tidy(String(merge))} }`
}

const JAVA = new URL('../java/src/main/java/millrace/peer/Catalogue.java', import.meta.url)

/** Its source in Java, out of `Catalogue.java`. */
export function javaSource({ kind, name }: Used): string {
  const all = readFileSync(JAVA, 'utf8')
  const table = all.indexOf(` ${JAVA_TABLES[kind]} = Map.of(`)
  const entry = all.indexOf(`"${name}",`, table)
  if (table < 0 || entry < 0) throw new Error(`Catalogue.java has no ${kind} "${name}"`)
  const start = entry + name.length + 3
  return tidy(all.slice(start, endOfArgument(all, start)))
}

const JAVA_TABLES: Readonly<Record<FunctionKind, string>> = {
  predicate: 'PREDICATES',
  pairMapper: 'PAIR_MAPPERS',
  valueMapper: 'VALUE_MAPPERS',
  flatPairMapper: 'FLAT_PAIR_MAPPERS',
  flatValueMapper: 'FLAT_VALUE_MAPPERS',
  keySelector: 'KEY_SELECTORS',
  reducer: 'REDUCERS',
  aggregation: 'AGGREGATIONS',
  joiner: 'JOINERS',
  extractor: 'EXTRACTORS',
  topicChoice: 'TOPIC_CHOICES',
  partitions: 'PARTITIONS',
}

/** Where the argument ends that begins there: at a comma or bracket that is not within brackets or a string. */
function endOfArgument(source: string, start: number): number {
  let depth = 0
  let quoted = false
  for (let at = start; at < source.length; at++) {
    const character = source[at]
    if (character === '"') quoted = !quoted
    if (quoted) continue
    if (character === '(') depth++
    else if (character === ')' && depth-- === 0) return at
    else if (character === ',' && depth === 0) return at
  }
  return source.length
}

/** On one line. */
function tidy(source: string): string {
  return source.replace(/\s+/g, ' ').replace(/\( /g, '(').trim()
}

function functionsOf(step: Step): readonly Used[] {
  const named = step as unknown as Readonly<Record<string, unknown>>
  const found: Used[] = []
  const add = (kind: FunctionKind, field: string): void => {
    const name = named[field]
    if (typeof name === 'string') found.push({ kind, name })
  }
  add('predicate', 'predicate')
  add('extractor', 'extractor')
  add('keySelector', 'selector')
  add('joiner', 'joiner')
  add('aggregation', 'aggregation')
  add('reducer', 'reducer')
  add('partitions', 'partitioner')
  if (step.op === 'to') add('topicChoice', 'choice')
  add(MAPPERS[step.op] ?? 'valueMapper', 'mapper')
  for (const field of ['adder', 'subtractor']) add(step.op === 'tableReduce' ? 'reducer' : 'aggregation', field)
  if (step.op === 'split') for (const { predicate } of step.branches) found.push({ kind: 'predicate', name: predicate })
  return found
}

const MAPPERS: Readonly<Partial<Record<Step['op'], FunctionKind>>> = {
  map: 'pairMapper',
  tableGroupBy: 'pairMapper',
  flatMap: 'flatPairMapper',
  flatMapValues: 'flatValueMapper',
}
