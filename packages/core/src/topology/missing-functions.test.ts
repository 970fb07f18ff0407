import { expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { sessions } from '../dsl/windows.ts'
import { string } from '../serde/text-serdes.ts'

const texts = { key: string(), value: string() }
const stream = (builder: StreamsBuilder) => builder.stream('in', texts)
const split = (builder: StreamsBuilder) => stream(builder).split()
const missing = undefined as never

it.each<[string, (builder: StreamsBuilder) => unknown]>([
  ['filter', b => stream(b).filter(missing)],
  ['filterNot', b => stream(b).filterNot(missing)],
  ['map', b => stream(b).map(missing)],
  ['foreach', b => stream(b).foreach(missing)],
  ['process', b => stream(b).process(missing)],
  ['reduce', b => stream(b).groupByKey().reduce(missing)],
  [
    'aggregate',
    b =>
      stream(b)
        .groupByKey()
        .aggregate(missing, (aggregate: string) => aggregate, { value: string() }),
  ],
  [
    'reduce of a windowed stream',
    b =>
      stream(b)
        .groupByKey()
        .windowedBy(sessions({ inactivityGapMs: 5, graceMs: 0 }))
        .reduce(missing),
  ],
  ['join with a table', b => stream(b).join(b.table('table', texts), missing)],
  ['filter of a table', b => b.table('in', texts).filter(missing)],
])('refuses %s without its function', (_name, make) => {
  const builder = new StreamsBuilder()
  expect(() => {
    make(builder)
    builder.build()
  }).toThrow(/MILLRACE_TOPOLOGY_OPTION_INVALID.*must be a function(?: that returns a new object)?, but it is undefined/)
})

it.each(['', 5, null, 'with a blank', {}])('refuses a branch with the name %j', name => {
  const options = { name: name as string }
  expect(() => split(new StreamsBuilder()).branch(() => true, options)).toThrow('MILLRACE_TOPOLOGY_NAME_INVALID')
  expect(() => split(new StreamsBuilder()).defaultBranch(options)).toThrow('MILLRACE_TOPOLOGY_NAME_INVALID')
})

it('refuses options of a branch that are no object', () => {
  expect(() => split(new StreamsBuilder()).branch(() => true, 'orders' as never)).toThrow(
    /branch: options must be an object/,
  )
})
