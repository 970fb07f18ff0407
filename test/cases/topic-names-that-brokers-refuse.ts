// Names of topics that no broker takes: derived internal topics over 249 characters; two that differ only in "." and "_", which
// collide; and names that are chosen per record, by to(record => name), that are empty, undefined, with a blank or too long.
// Right: a derived name is refused by build() or at the start, on the in-memory cluster as on a broker, with an error of kind
//   "topology" or "config" that contains the name. A name that is chosen per record makes a bad record: "fail" ends with
//   MILLRACE_PROCESSING_FAILED, the other policies go on with the next record.
// At 19161dd: the driver accepts all of them. On a broker the application ends under every policy with
//   MILLRACE_CLIENT_REQUEST_FAILED (kind fatal), "… an operation on an invalid topic", without the operator or the record, and
//   without the name where the topic is described first.
import { TopologyTestDriver } from '@millrace/testing'
import { string, StreamsBuilder } from 'millrace'
import { check, outcome } from './check.ts'

const texts = { key: string(), value: string() }
async function start(applicationId: string, ...stores: string[]) {
  const builder = new StreamsBuilder()
  const grouped = builder.stream('in', texts).groupBy(value => value, texts)
  for (const store of stores) grouped.count({ store })
  await using driver = await TopologyTestDriver.create(builder.build(), { applicationId })
  return `accepted; the longest name has ${Math.max(...driver.cluster.topicNames().map(name => name.length))} characters`
}
const refused = (name: string) => (seen: string) =>
  /^MILLRACE_\w+ \((topology|config)\)/.test(seen) && seen.includes(name)
const long = 's'.repeat(230)
check(
  'a store of 230 characters, an application of 60',
  await outcome(() => start('a'.repeat(60), long)),
  refused(long),
)
check('stores a.b and a_b', await outcome(() => start('app', 'a.b', 'a_b')), refused('a_b'))

for (const [what, name] of Object.entries({ empty: '', undefined, 'with a blank': 'a b', long: 't'.repeat(250) }))
  for (const onBadRecord of ['fail', { deadLetterTopic: 'dead' }] as const) {
    const builder = new StreamsBuilder()
    builder.stream('in', texts).to(value => (value === 'bad' ? (name as string) : 'out'), texts)
    const driver = await TopologyTestDriver.create(builder.build(), { onBadRecord })
    const input = driver.createInputTopic('in', texts)
    const values = (topic: string) => driver.createOutputTopic(topic, texts).readValuesToList()
    await input.pipeInput('a', '1')
    const ended = await outcome(() => input.pipeInput('b', 'bad'))
    const named = /^MILLRACE_PROCESSING_FAILED .* in-0 at offset 1/.test(String(ended))
    if (onBadRecord === 'fail') check(`to(() => name), ${what}: fail`, ended, () => named)
    else
      check(`to(() => name), ${what}: dead letter`, [ended, values('out'), values('dead')], [undefined, ['1'], ['bad']])
    await outcome(() => driver.close())
  }
process.exit()
