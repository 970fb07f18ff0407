// The function of map, flatMap or KTable.groupBy gives no [key, value] pair for one record: it forgets to return, returns null,
// or an object { key, value } as Java's KeyValue.
// Right: a bad record like any other. "fail" ends with MILLRACE_PROCESSING_FAILED, which names operator, topic and offset;
//   "continue" leaves the record out; with a dead-letter topic it goes there. The records around it come out: 1, 2.
// At 19161dd: under every policy the engine ends with "Cannot read properties of undefined (reading '0')" or "pair is not
//   iterable", which names nothing; map with { key, value } writes a record whose key and value are null, and groupBy with it
//   drops the row without a word.
import { TopologyTestDriver } from '@millrace/testing'
import { string, StreamsBuilder } from 'millrace'
import { check, outcome } from './check.ts'

const texts = { key: string(), value: string() }
type Pair = readonly [string, string]
type Selector = (value: string, key: string) => Pair
interface Result {
  to(topic: string, serdes: typeof texts): void
}
const last = (_aggregate: string, value: string) => value
const stream = (builder: StreamsBuilder) => builder.stream('in', texts)
const table = (builder: StreamsBuilder) => builder.table('in', texts)
const programs: Record<string, (builder: StreamsBuilder, select: Selector) => Result> = {
  map: (builder, select) => stream(builder).map(select),
  'async map': (builder, select) => stream(builder).map(async (value, key) => select(value, key)),
  flatMap: (builder, select) => stream(builder).flatMap((value, key) => [select(value, key)]),
  groupBy: (builder, select) => table(builder).groupBy(select, texts).reduce(last, last).toStream(),
}
// What JavaScript lets a function give.
const returned: Record<string, (value: string, key: string) => unknown> = {
  undefined: () => undefined,
  null: () => null,
  '{ key, value }': (value, key) => ({ key, value }),
}
const policies = { fail: 'fail', continue: 'continue', 'dead letter': { deadLetterTopic: 'dead' } } as const

for (const [program, make] of Object.entries(programs))
  for (const [name, bad] of Object.entries(returned))
    for (const [policy, onBadRecord] of Object.entries(policies)) {
      if (program === 'groupBy' && name === 'null') continue // may be meant: the row takes no part
      const builder = new StreamsBuilder()
      make(builder, (value, key) => (value === 'bad' ? (bad(value, key) as Pair) : [key, value])).to('out', texts)
      const driver = await TopologyTestDriver.create(builder.build(), { onBadRecord })
      const input = driver.createInputTopic('in', texts)
      const values = (topic: string) => driver.createOutputTopic(topic, texts).readValuesToList()
      await input.pipeInput('a', '1')
      const ended = await outcome(() => input.pipeInput('b', 'bad'))
      if (policy !== 'fail') await outcome(() => input.pipeInput('c', '2'))
      const what = `${program} gives ${name}, ${policy}`
      const named = /^MILLRACE_PROCESSING_FAILED .*(MAP|SELECT).* in-0 at offset 1/.test(String(ended))
      const right = [undefined, ['1', '2'], policy === 'continue' ? 0 : 1]
      if (policy === 'fail') check(what, ended, () => named)
      else check(what, [ended, values('out'), values('dead').length], right)
      await outcome(() => driver.close())
    }
process.exit()
