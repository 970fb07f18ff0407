import { KafkaStreams } from 'millrace'

// One process of the benchmark: it has its tasks before it processes anything, and ends with its parent.
const streams = await KafkaStreams.load(new URL('application.ts', import.meta.url))
process.on('disconnect', () => process.exit(3))
process.once('message', () => streams.resume())
streams.pause()
await streams.start()
process.send?.('running')
await streams.ended()
