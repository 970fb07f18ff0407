import { expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { string } from '../serde/text-serdes.ts'
import { toMermaid } from './mermaid.ts'

it('draws topics, sub-topologies and stores', () => {
  const texts = { key: string(), value: string() }
  const builder = new StreamsBuilder()
  const table = builder.table('t', { ...texts, name: 'table', store: 's' })
  builder
    .stream('in', { ...texts, name: 'source' })
    .join(table, value => value, { name: 'join' })
    .to('out', { value: string(), name: 'sink' })
  expect(toMermaid(builder.build())).toBe(`flowchart TD
  n5(["t"])
  n6(["in"])
  n7(["out"])
  subgraph sub0 ["Sub-topology 0"]
    n0["table-source"]
    n1["table"]
    n2["source"]
    n3["join"]
    n4["sink"]
    n8[("s")]
  end
  n5 --> n0
  n0 --> n1
  n1 -.- n8
  n6 --> n2
  n2 --> n3
  n3 --> n4
  n3 -.- n8
  n4 --> n7
`)
})
