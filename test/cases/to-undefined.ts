// The name of an output topic comes from an environment variable that is not set: .to(process.env.OUT_TOPIC!). The same for a
// list of input topics with an undefined in it.
// Right: refused when the topology is made, with a MillraceError of kind "topology", as stream(undefined) is.
// At 19161dd: to(undefined) builds. Under "fail" the first record ends the application with "node.topic is not a function";
//   under "continue" every record is skipped, its offset committed, and the application runs on as if all were well.
//   stream([undefined]) is a TypeError.
import { TopologyTestDriver } from '@millrace/testing'
import { string, StreamsBuilder } from 'millrace'
import { check, outcome } from './check.ts'

const texts = { key: string(), value: string() }
const missing = process.env['A_VARIABLE_THAT_IS_NOT_SET']!
const refused = (seen: string) => /^MILLRACE_TOPOLOGY_\w+ \(topology\)/.test(seen)

for (const onBadRecord of ['fail', 'continue'] as const) {
  const seen = await outcome(async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', texts).to(missing, texts)
    await using driver = await TopologyTestDriver.create(builder.build(), { onBadRecord })
    const input = driver.createInputTopic('in', texts)
    for (const value of ['1', '2', '3']) await input.pipeInput('k', value)
    const [committed] = driver.cluster.committedOffsets('topology-test-driver')
    return `builds; committed without any output: ${committed?.offset}`
  })
  check(`to(undefined), ${onBadRecord}`, seen, refused)
}
const lists = {
  'stream(undefined)': missing,
  'stream([undefined])': [missing],
  "stream(['in', undefined])": ['in', missing],
}
for (const [name, topics] of Object.entries(lists)) {
  const seen = await outcome(() => {
    const builder = new StreamsBuilder()
    builder.stream(topics, texts).to('out', texts)
    return `builds ${builder.build().nodes.length} nodes`
  })
  check(name, seen, refused)
}
process.exit()
