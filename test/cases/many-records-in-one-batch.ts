// Needs a broker (KAFKA_BROKERS), and Java with the jars that dev-kafka keeps (kafkajs takes minutes to encode such a batch).
// A bulk loader has written one batch of 200,000 small records, compressed to much less than 1 MiB.
// Right: all of them are read, as those of any other batch.
// At 19161dd: "Maximum call stack size exceeded" (a call with the records as arguments), 10 s of attempts, then the application
//   ends with MILLRACE_CLIENT_REQUEST_FAILED, and so it does at every start. A batch of 100,000 is read.
import { execFileSync } from 'node:child_process'
import { globSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, openTopics, string, StreamsBuilder } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
import { brokers, check, newDirectory, outcome, quiet, until } from './check.ts'

const { DEV_KAFKA_CACHE, XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env
const jars = globSync(join(DEV_KAFKA_CACHE ?? join(XDG_CACHE_HOME, 'dev-kafka'), 'kafka-*/lib'))
const loader = join(newDirectory(), 'Load.java')
const source = `import org.apache.kafka.clients.producer.*; import org.apache.kafka.common.serialization.*; import java.util.*;
  class Load { public static void main(String[] a) throws Exception {
    Map<String, Object> options = Map.of("bootstrap.servers", a[0], "compression.type", "gzip", "linger.ms", 20000,
      "batch.size", 40000000, "buffer.memory", 200000000L, "max.request.size", 60000000);
    try (var producer = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer())) {
      for (int n = 0; n < Integer.parseInt(a[2]); n++) producer.send(new ProducerRecord<>(a[1], 0, null, "" + n % 10));
      producer.flush(); } } }`
writeFileSync(loader, source)

const texts = { key: string(), value: string() }
const client = kafkajs({ brokers: brokers() })
await using topics = await openTopics(client, quiet())
for (const count of [100_000, 200_000]) {
  const topic = `case-many-${count}-${process.pid}`
  await topics.create({ name: topic, partitions: 1, configs: { 'max.message.bytes': '10000000' } })
  execFileSync('java', ['-cp', `${jars[0]}/*`, loader, brokers(), topic, `${count}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let read = 0
  const builder = new StreamsBuilder()
  builder.stream(topic, texts).foreach(() => void read++)
  const streams = new KafkaStreams(builder.build(), { ...quiet(), applicationId: `app-${topic}`, client })
  const ended = await outcome(async () => {
    await streams.start()
    await Promise.race([streams.ended(), until(() => read >= count, 60_000)])
    return `${read} records read`
  }, 70_000)
  check(`one batch of ${count} records`, ended, `${count} records read`)
  await outcome(() => streams.close(), 10_000)
}
process.exit()
