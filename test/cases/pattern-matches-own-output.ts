// A source reads all topics by the pattern /.*/, and the application writes to "counts" and has internal topics.
// Right: the application's own internal topics are never matched by its patterns; a pattern that matches a topic to which it
//   writes is refused with an error that names the topic, or does not read it. One record in "orders" is counted once. Timers
//   are called whatever the amount of input.
// At 19161dd: the application reads its own output, repartition topic and changelog; each result makes new input, the loop never
//   gives the turn back, and no timer of the process is called any more. So the program runs in a child, ended after 60 s.
import { fork } from 'node:child_process'
import { TopologyTestDriver } from '@millrace/testing'
import { safeLong, string, StreamsBuilder } from 'millrace'
import { check, outcome } from './check.ts'

const texts = { key: string(), value: string() }
const counts = { key: string(), value: safeLong() }
async function countOnce() {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(/.*/, texts).groupBy(value => value, texts)
  grouped.count({ store: 'counts' }).toStream().mapValues(Number).to('counts', counts)
  await using driver = await TopologyTestDriver.create(builder.build(), { onBadRecord: 'continue' })
  await driver.createInputTopic('orders', texts).pipeInput('k', 'v')
  return driver.createOutputTopic('counts', counts).readKeyValuesToList()
}
if (process.argv[2] === 'child') {
  process.send!(await outcome(countOnce, 15_000))
  process.exit()
}
const child = fork(import.meta.filename, ['child'], { execArgv: process.execArgv })
const seen = await new Promise<unknown>(resolve => {
  child.once('message', resolve)
  child.once('exit', code => resolve(`the child ended with ${code}`))
  setTimeout(resolve, 60_000, 'no end within 60 s, and no timer of the child was called')
})
child.kill('SIGKILL')
const refused = /^MILLRACE_\w+ \((topology|config)\).*counts/.test(String(seen))
check('one record in a topic that /.*/ matches', seen, refused ? seen : [['v', 1]])
process.exit()
