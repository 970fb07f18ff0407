// An operator throws something that is no Error: a plain object, as HTTP and database clients do, or an object without a
// prototype.
// Right: as with an Error. "fail" ends with MILLRACE_PROCESSING_FAILED that shows what was thrown (its message, else its
//   fields); "continue" and a dead-letter topic leave the record out, 1 and 2 come out, and the dead letter's header
//   __streams.errors.message shows it too.
// At 19161dd: a plain object is shown as [object Object]; an object without a prototype ends the engine, under "fail" and with
//   a dead-letter topic, with "TypeError: Cannot convert object to primitive value", which names neither operator nor record.
import { TopologyTestDriver } from '@millrace/testing'
import { string, StreamsBuilder } from 'millrace'
import { check, outcome } from './check.ts'

const texts = { key: string(), value: string() }
const fields = { status: 503, message: 'upstream is down' }
const thrown = { 'a plain object': fields, 'an object without prototype': Object.assign(Object.create(null), fields) }
const policies = { fail: 'fail', continue: 'continue', 'dead letter': { deadLetterTopic: 'dead' } } as const
for (const [name, thing] of Object.entries(thrown))
  for (const [policy, onBadRecord] of Object.entries(policies)) {
    const builder = new StreamsBuilder()
    const unlessBad = (value: string): string => {
      if (value === 'bad') throw thing
      return value
    }
    builder.stream('in', texts).mapValues(unlessBad).to('out', texts)
    const driver = await TopologyTestDriver.create(builder.build(), { onBadRecord })
    const input = driver.createInputTopic('in', texts)
    await input.pipeInput('a', '1')
    const ended = await outcome(() => input.pipeInput('b', 'bad'))
    if (policy !== 'fail') await outcome(() => input.pipeInput('c', '2'))
    const values = driver.createOutputTopic('out', texts).readValuesToList()
    const [letter] = driver.createOutputTopic('dead', texts).readRecordsToList()
    const header = letter?.headers.find(({ key }) => key === '__streams.errors.message')?.value
    const told = policy === 'dead letter' ? Buffer.from(header ?? []).toString() : String(ended)
    const named = /^MILLRACE_PROCESSING_FAILED .* in-0 at offset 1 .*upstream is down/
    if (policy === 'fail') check(`${name}, ${policy}`, told, () => named.test(told))
    else check(`${name}, ${policy}`, [ended, values], [undefined, ['1', '2']])
    if (policy === 'dead letter') check(`${name}, ${policy}: header`, told, () => told.includes('upstream is down'))
    await outcome(() => driver.close())
  }
process.exit()
