import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KStream } from '../dsl/kstream.ts'
import type { KTable } from '../dsl/ktable.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { string } from '../serde/text-serdes.ts'
import { describeTopology as describePlan } from './describe.ts'
import { internalTopics } from './internal-topics.ts'
import type { Plan, PlanNode } from './plan.ts'

const texts = { key: string(), value: string() }
const keep = <V>(value: V) => value
const byValue = (value: string | null) => value ?? ''

type Stream = KStream<string, string | null, 'key' | 'value'>
type Table = KTable<string, string, 'key' | 'value'>

interface Pool {
  readonly builder: StreamsBuilder
  readonly streams: Stream[]
  readonly tables: Table[]
}

/** One call each, on streams and tables that earlier calls made. */
const calls: readonly ((pool: Pool, stream: Stream, other: Stream, table: Table, n: number) => void)[] = [
  ({ builder, streams }, _stream, _other, _table, n) =>
    streams.push(builder.stream<string, string | null>(`topic-${n}`, texts)),
  ({ builder, tables }, _stream, _other, _table, n) => tables.push(builder.table(`table-${n}`, texts)),
  ({ streams }, stream) => streams.push(stream.filter(() => true)),
  ({ streams }, stream) => streams.push(stream.map((value, key) => [byValue(value), key]).repartition(texts)),
  ({ streams }, stream, other) => streams.push(stream.merge(other)),
  ({ streams }, stream, _other, table) => streams.push(stream.join(table, keep).mapValues(keep).repartition(texts)),
  ({ streams }, stream, _other, table) => {
    const moved = stream.selectKey(byValue)
    moved.leftJoin(table, keep, texts).to('out', texts)
    streams.push(moved.join(table, keep, texts).repartition(texts))
  },
  ({ tables }, stream) => tables.push(stream.groupBy(byValue, texts).reduce(keep)),
  ({ tables }, stream) => tables.push(stream.groupByKey().reduce(keep)),
  ({ tables }, stream) => tables.push(stream.selectKey(byValue).toTable({ ...texts, store: {} })),
  ({ tables }, _stream, _other, table) => tables.push(table.filter(() => true)),
  ({ tables }, _stream, _other, table) => tables.push(table.mapValues(keep, { value: string(), store: {} })),
  ({ streams }, _stream, _other, table) => streams.push(table.toStream()),
  ({ streams }, stream) => {
    const branches = stream
      .split()
      .branch(() => true, { name: 'a' })
      .defaultBranch()
    streams.push(branches.a, branches.default)
  },
  (_pool, stream) => stream.to('out'),
]

const programs = fc.array(fc.tuple(fc.nat(calls.length - 1), fc.nat(), fc.nat(), fc.nat()), { maxLength: 30 })

function planOf(program: readonly (readonly [number, number, number, number])[]): Plan {
  const builder = new StreamsBuilder()
  const pool: Pool = { builder, streams: [builder.stream('first', texts)], tables: [builder.table('table', texts)] }
  for (const [position, [call, a, b, c]] of program.entries()) {
    const pick = <T>(from: readonly T[], index: number) => from[index % from.length] as T
    calls[call]?.(pool, pick(pool.streams, a), pick(pool.streams, b), pick(pool.tables, c), position)
  }
  return builder.build()
}

const childrenOf = (node: PlanNode) => (node.kind === 'sink' ? [] : node.children)
const parentsOf = (node: PlanNode) => (node.kind === 'source' ? [] : node.parents)

function holdsFor(check: (plan: Plan) => void): void {
  fc.assert(fc.property(programs, program => check(planOf(program))))
}

describe('any topology', () => {
  it('has nodes after their parents, who know them as children', () => {
    holdsFor(plan => {
      const position = new Map(plan.nodes.map((node, index) => [node.name, index]))
      expect(position.size).toBe(plan.nodes.length)
      for (const [index, node] of plan.nodes.entries()) {
        for (const parent of parentsOf(node)) expect(position.get(parent)).toBeLessThan(index)
        const children = plan.nodes.filter(other => parentsOf(other).includes(node.name)).map(other => other.name)
        expect(childrenOf(node)).toEqual(children)
      }
    })
  })

  it('has each node in one sub-topology, with its neighbours and with all who share a store', () => {
    holdsFor(plan => {
      const home = new Map(plan.subTopologies.flatMap(({ id, nodes }) => nodes.map(name => [name, id] as const)))
      expect(plan.subTopologies.flatMap(({ nodes }) => nodes)).toHaveLength(plan.nodes.length)
      expect(home.size).toBe(plan.nodes.length)
      for (const node of plan.nodes) {
        for (const child of childrenOf(node)) expect(home.get(child)).toBe(home.get(node.name))
      }
      for (const store of plan.stores) expect(new Set(store.processors.map(name => home.get(name))).size).toBe(1)
    })
  })

  it('writes and reads each repartition topic once', () => {
    holdsFor(plan => {
      for (const { name } of plan.repartitionTopics) {
        const sinks = plan.nodes.filter(node => node.kind === 'sink' && node.topic === name)
        const sources = plan.nodes.filter(node => node.kind === 'source' && node.topics.includes(name))
        expect([sinks.length, sources.length]).toEqual([1, 1])
      }
      const internal = internalTopics(plan)
      expect(new Set(internal).size).toBe(internal.length)
    })
  })

  it('is the same when it is written the same way', () => {
    fc.assert(
      fc.property(programs, program => {
        expect(describePlan(planOf(program))).toBe(describePlan(planOf(program)))
      }),
    )
  })
})
