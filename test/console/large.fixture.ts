import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { serveConsole } from '@millrace/console'
import { createTopics, openTopics, silentLogger, StreamsBuilder, string, systemClock } from 'millrace'

const PARTS = 10
const STEPS = 15
const PARTITIONS = 100
const texts = { key: string(), value: string() }

/** A topology of 200 nodes and 1000 tasks that does not run: one `partition` of events-3 has a record that nobody processes. */
export async function startLargeApplication() {
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  const builder = new StreamsBuilder()
  for (let part = 0; part < PARTS; part++) {
    let stream = builder.stream(`events-${part}`, texts)
    for (let step = 0; step < STEPS; step++) {
      stream = step % 2 === 0 ? stream.mapValues(value => value) : stream.filter(() => true)
      if (step % 5 === 4) stream.filter(() => false).to(`out-${part}`)
    }
    stream.groupByKey().count({ store: `counts-${part}` })
  }
  const names = Array.from({ length: PARTS }, (_, part) => [`events-${part}`, `out-${part}`]).flat()
  await createTopics(client, ...names.map(name => ({ name, partitions: PARTITIONS })))
  await using topics = await openTopics(client, { logger: silentLogger })
  const [written] = await topics.write('events-3', texts, [{ key: 'k', value: 'v' }])
  const served = await serveConsole({ plan: builder.build(), applicationId: 'large', client })
  return { url: served.url, partition: written!.partition, [Symbol.asyncDispose]: () => served.close() }
}
