// The addresses of the brokers are missing or malformed: an environment variable that is not set, an empty list, an address
// without a port, a URL.
// Right: MILLRACE_CONFIG_INVALID at once, from kafkajs(), the constructor or start(), naming the option "brokers" and the value.
// At 19161dd: undefined is "brokers is not iterable"; "" and [] are MILLRACE_CLIENT_REQUEST_FAILED with the hint that the broker
//   refused the request for good; an address without a valid port is taken for a broker that is down and tried for ever.
import { KafkaStreams, string, StreamsBuilder } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { check, outcome, quiet } from './check.ts'

const texts = { key: string(), value: string() }
const builder = new StreamsBuilder()
builder.stream('in', texts).to('out', texts)
const host = '127.0.0.1'
for (const brokers of [
  undefined,
  '',
  [],
  [`${host}:1`, undefined],
  host,
  `kafka://${host}:1`,
  `${host}:kafka`,
  `${host}:99999`,
]) {
  const lines: string[] = []
  let streams: KafkaStreams | undefined
  const seen = await outcome(async () => {
    const options = { ...quiet(lines), applicationId: 'app', client: kafkajs({ brokers: brokers as string }) }
    streams = new KafkaStreams(builder.build(), options)
    await streams.start()
    return 'started'
  }, 5_000)
  const refused = /^MILLRACE_CONFIG_INVALID \(config\).*brokers/.test(seen)
  check(
    `brokers: ${JSON.stringify(brokers)}`,
    seen === 'no end within 5 s' ? `${seen}; ${lines.at(-1)}` : seen,
    () => refused,
  )
  await outcome(() => streams?.close(), 5_000)
}
process.exit()
