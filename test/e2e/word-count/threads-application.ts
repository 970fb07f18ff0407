import { writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { consoleLogger, defineApplication, kafka, long, rocksdb, StreamsBuilder, string } from 'millrace'
import { clientUnderTest } from '../client-under-test.ts'
import type { ThreadsSettings } from './settings.ts'

// Each thread imports this module, and gets the settings by its environment.
const settings = JSON.parse(process.env['MILLRACE_TEST_SETTINGS']!) as ThreadsSettings
const { brokers, lines, counts, crash, ...options } = settings

let seen = 0
/** Once in a process, in the thread that gets there first: in the middle of its work, without a word. */
function crashOnce(): void {
  if (crash === undefined || isMainThread || ++seen !== crash.afterLines) return
  try {
    writeFileSync(crash.marker, '', { flag: 'wx' })
  } catch {
    return
  }
  // oxlint-disable-next-line unicorn/no-process-exit -- ends the thread
  process.exit(9)
}

const builder = new StreamsBuilder()
builder
  .stream(lines, { key: string(), value: string() })
  .peek(crashOnce)
  .flatMapValues(line => line.split(' '))
  .groupBy(word => word, { key: string(), value: string() })
  .count({ store: 'counts' })
  .toStream()
  .to(counts, { key: string(), value: long() })

export const application = defineApplication(builder.build(), {
  ...options,
  client: options.groupProtocol === 'streams' ? kafka({ brokers }) : clientUnderTest(brokers),
  store: rocksdb(),
  logger: consoleLogger('info'),
  onUncaughtError: () => 'replace-thread',
})
