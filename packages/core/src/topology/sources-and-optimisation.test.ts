import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { string } from '../serde/text-serdes.ts'
import { describe as describePlan } from './describe.ts'

/*
 * The topologies of test/differential/describe-java/DescribeSources.java, call by call and under the same names.
 */

const texts = { key: string(), value: string() }
const byValue = (_key: string, value: string) => value
const keep = <V>(value: V) => value

const TOPOLOGIES: Readonly<Record<string, (b: StreamsBuilder) => void>> = {
  pattern: b => b.stream(/orders-.*/, texts).to('out'),
  'pattern-twice'(b) {
    b.stream(/orders-[a-z]+/, { ...texts, name: 'orders' }).to('one')
    b.stream(/orders-[a-z]+/, texts)
      .mapValues(keep)
      .to('two', texts)
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
