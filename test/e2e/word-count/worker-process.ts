import { readdirSync } from 'node:fs'
import { consoleLogger, kafka, KafkaStreams, rocksdb } from 'millrace'
import { clientUnderTest } from '../client-under-test.ts'
import type { WordCountSettings } from './settings.ts'
import { wordCount } from './topology.ts'

const USAGE_EVERY_MS = 5_000
const MIB = 1024 * 1024

// One process of the application, as a user would write it, with its progress sent to the process that started it.
const settings = JSON.parse(process.argv[2]!) as WordCountSettings
const { brokers, lines, counts, ...options } = settings

const streams = new KafkaStreams(wordCount({ lines, counts }), {
  ...options,
  client: options.groupProtocol === 'streams' ? kafka({ brokers }) : clientUnderTest(brokers),
  store: rocksdb(),
  logger: consoleLogger('info'),
})
const tell = (message: object) => process.connected && process.send?.(message)
streams.on('state', state => void tell({ type: 'state', state }))
setInterval(() => void tell({ type: 'tasks', tasks: streams.tasks().length }), 500).unref()
setInterval(() => void tell({ type: 'usage', ...usage() }), USAGE_EVERY_MS).unref()
streams.on('restoreEnd', ({ task, restored }) => void tell({ type: 'restored', task, restored }))
streams.on('standbyUpdateStart', ({ task }) => void tell({ type: 'standby', task }))
streams.on('waiting', cause => void tell({ type: 'waiting', waiting: cause !== undefined }))

// Nobody is left to end this process when its parent is gone.
const orphaned = () => process.exit(3)
process.on('disconnect', orphaned)
await streams.run()
process.off('disconnect', orphaned).disconnect()

/** For tests that look for growth. */
function usage() {
  const { heapUsed, rss } = process.memoryUsage()
  return {
    heapMb: Math.round((heapUsed / MIB) * 10) / 10,
    rssMb: Math.round(rss / MIB),
    handles: process.getActiveResourcesInfo().length,
    files: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
  }
}
