import { expect, it } from 'vitest'
import { systemClock } from '@millrace/core'
import { Metrics } from '../observe/metrics.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { recordPolicy } from '../policy/record-policy.ts'
import { RecordContext } from './record-context.ts'
import { RecordOrigins } from './record-origins.ts'

const policy = recordPolicy({
  onBadRecord: 'fail',
  logger: silentLogger,
  metrics: new Metrics(),
  producer: undefined,
  dropped: undefined,
  deadLetterPartitions: 0,
  deadLetterBytes: 0,
  clock: systemClock,
  warned: new Map(),
})

const PLACES = [
  { topic: 'in', partition: 0, offset: 0, flushing: false },
  { topic: 'in', partition: 0, offset: 2 ** 36, flushing: false },
  { topic: 'in', partition: 0, offset: 2 ** 50, flushing: false },
  { topic: 'in', partition: 1, offset: 7, flushing: false },
  { topic: 'other', partition: 1, offset: 7, flushing: true },
  { topic: null, partition: -1, offset: -1, flushing: false },
  { topic: null, partition: -1, offset: -1, flushing: true },
]

it('gives back of each record what it is made of', () => {
  const origins = new RecordOrigins()
  const context = new RecordContext('0_0', 'app', policy)
  const nodes = ['first', 'second']
  const appenders = nodes.map(node => origins.appender(context, node))
  // Twice, since an appender remembers what it saw last.
  const rows = [...PLACES, ...PLACES].flatMap(place => {
    Object.assign(context, place)
    return appenders.map((origin, at) => [origin(), context.origin(nodes[at]!)] as const)
  })
  for (const [origin, expected] of rows) expect(origins.of(origin)).toEqual(expected)
})
