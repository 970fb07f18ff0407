// A table of bookings is grouped by a key that is a Date, with a serde that writes the day; or an object with a private field.
// One booking moves from 1 to 9 March.
// Right: the old day goes down by one and the new day up, as with the day as a string: 03-01 = 1, 03-09 = 1. Two keys are
//   equal exactly when their bytes are equal, whatever kind of object they are.
// At 19161dd: old and new key are compared as objects without enumerable properties and taken for equal, so the last result
//   is 03-01 = 2, and 9 March never appears.
import { TopologyTestDriver } from '@millrace/testing'
import { json, long, type Serde, string, StreamsBuilder } from 'millrace'
import { check } from './check.ts'

class Day {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  text(): string {
    return this.#text
  }
}
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const dates: Serde<Date> = {
  name: 'date',
  serialize: date => Buffer.from(date.toISOString().slice(0, 10)),
  deserialize: bytes => new Date(textOf(bytes)),
}
const days: Serde<Day> = {
  name: 'day',
  serialize: day => Buffer.from(day.text()),
  deserialize: bytes => new Day(textOf(bytes)),
}
const booking = json<{ day: string }>()

async function countByDay<K extends string | Date | Day>(key: Serde<K>, keyOf: (day: string) => K) {
  const builder = new StreamsBuilder()
  const bookings = builder.table('bookings', { key: string(), value: booking })
  const byDay = bookings.groupBy(({ day }) => [keyOf(day), { day }], { key, value: booking })
  byDay.count({ store: 'by-day' }).toStream().to('out', { key, value: long() })
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('bookings', { key: string(), value: booking })
  await input.pipeInput('b1', { day: '2024-03-01' })
  await input.pipeInput('b2', { day: '2024-03-01' })
  await input.pipeInput('b1', { day: '2024-03-09' })
  const output = driver.createOutputTopic('out', { key: string(), value: long() })
  return Object.fromEntries(output.readKeyValuesToMap())
}
const right = { '2024-03-01': 1n, '2024-03-09': 1n }
check('string keys', await countByDay(string(), day => day), right)
check('Date keys', await countByDay(dates, day => new Date(day)), right)
check('keys with a private field', await countByDay(days, day => new Day(day)), right)
process.exit()
