import { ManualClock, type Logger } from '@millrace/core'
import { logLevel, type LogEntry } from 'kafkajs'
import { expect, it } from 'vitest'
import { kafkaLog } from './kafka-log.ts'

function listen() {
  const lines: string[] = []
  const at = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`)
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const clock = new ManualClock()
  const write = kafkaLog(logger, clock)(logLevel.INFO)
  const say = (level: logLevel, message: string, extra: object = {}): void => {
    write({ namespace: 'Test', level, label: '', log: { timestamp: '', message, ...extra } } satisfies LogEntry)
  }
  return { lines, say, clock }
}

it.each([
  [logLevel.ERROR, 'Connection error: connect ECONNREFUSED', {}, 'warn'],
  [
    logLevel.ERROR,
    'Response Heartbeat(key: 12, version: 3)',
    { error: 'The group is rebalancing, so a rejoin is needed' },
    'debug',
  ],
  [
    logLevel.ERROR,
    'Response OffsetCommit(key: 8, version: 5)',
    { error: 'Specified group generation id is not valid' },
    'debug',
  ],
  [logLevel.ERROR, 'The coordinator is not aware of this member, re-joining the group', {}, 'debug'],
  [logLevel.ERROR, 'Response InitProducerId(key: 22)', { error: 'The coordinator is loading' }, 'debug'],
  [
    logLevel.ERROR,
    'Response Metadata(key: 3, version: 6)',
    { error: 'This server does not host this topic-partition' },
    'debug',
  ],
  [logLevel.WARN, 'The group is rebalancing, re-joining', {}, 'debug'],
  [logLevel.INFO, 'Consumer has joined the group', {}, 'debug'],
])('says %s "%s" %j at %s', (level, message, extra, expected) => {
  const { lines, say } = listen()
  say(level, message, extra)
  expect(lines).toEqual([`${expected} ${message}`])
})

it('does not repeat a warning at once', async () => {
  const { lines, say, clock } = listen()
  for (let i = 0; i < 3; i++) say(logLevel.ERROR, 'no broker')
  await clock.advance(30_000)
  say(logLevel.ERROR, 'no broker')
  expect(lines.map(line => line.split(' ')[0])).toEqual(['warn', 'debug', 'debug', 'warn'])
})
