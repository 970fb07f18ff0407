import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import type { Processor } from '../operators/processor.ts'
import { string } from '../serde/text-serdes.ts'
import { keyValueStore } from '../state/store-builder.ts'
import { describe as describePlan } from './describe.ts'

/*
 * The topologies of test/differential/describe-java/DescribeSources.java, call by call and under the same names.
 */

const texts = { key: string(), value: string() }
const byValue = (_key: string, value: string) => value
const keep = <V>(value: V) => value

const ignoring = () => ({ process() {} })
const forwarding = (): Processor<string, string> => ({ process() {} })
const store = (name: string) => keyValueStore({ name, ...texts })

const TOPOLOGIES: Readonly<Record<string, (b: StreamsBuilder) => void>> = {
  pattern: b => b.stream(/orders-.*/, texts).to('out'),
  'pattern-twice'(b) {
    b.stream(/orders-[a-z]+/, { ...texts, name: 'orders' }).to('one')
    b.stream(/orders-[a-z]+/, texts)
      .mapValues(keep)
      .to('two', texts)
  },
  'global-table'(b) {
    const g = b.globalTable('g', texts)
    b.stream('s', texts).join(g, byValue, keep).to('out', texts)
    b.stream('s2', texts).leftJoin(g, byValue, keep).to('out2', texts)
  },
  'global-table-named'(b) {
    const g = b.globalTable('g', { ...texts, name: 'codes', store: 'codes-store' })
    b.stream('s', texts).join(g, byValue, keep, { name: 'with-codes' }).to('out', texts)
  },
  'global-table-after-map': b =>
    b
      .stream('s', texts)
      .map((key, value) => [key, value])
      .join(b.globalTable('g', texts), byValue, keep)
      .groupByKey(texts)
      .count(),
  'global-table-in-two-sub-topologies'(b) {
    b.table('t', texts).toStream().to('copy')
    const g = b.globalTable('g', texts)
    b.stream('s', texts)
      .join(g, byValue, keep)
      .selectKey(byValue)
      .repartition(texts)
      .leftJoin(g, byValue, keep)
      .to('out', texts)
  },
  'global-store'(b) {
    b.addGlobalStore(store('codes'), 'g', texts, ignoring)
    b.stream('s', texts).process(forwarding).to('out', texts)
  },
  'global-store-named'(b) {
    b.addGlobalStore(store('codes'), 'g', { ...texts, name: 'keep-codes' }, ignoring)
    b.stream('s', texts).to('out', texts)
  },
  'pattern-counted': b => b.stream(/in-.*/, texts).groupBy(byValue, texts).count().toStream().to('counts'),
}

it.each(Object.keys(TOPOLOGIES))('%s is described in the words of Kafka Streams 4.3.1', name => {
  const builder = new StreamsBuilder()
  TOPOLOGIES[name]!(builder)
  const java = readFileSync(new URL(`fixtures/sources/${name}.txt`, import.meta.url), 'utf8')
  expect(comparable(describePlan(builder.build()))).toEqual(comparable(java))
})

/** Lines with the lists inside them as sorted sets: Java prints those in the order of its hash tables. */
function comparable(text: string): readonly string[] {
  const sorted = (list: string) => list.split(', ').toSorted().join(', ')
  return text
    .split('\n')
    .map(line => line.replace(/(-->|<--) (.+)/, (_whole, arrow: string, list: string) => `${arrow} ${sorted(list)}`))
}
