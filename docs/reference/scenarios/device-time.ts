import { deviceTime, json, long, StreamsBuilder, string, timeWindowed, tumbling } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

/** Both by the clock of the device, in seconds. */
interface Reading {
  readonly taken?: number
  readonly sent: number
}

const builder = new StreamsBuilder()
builder
  .stream('readings', {
    key: string(),
    value: json<Reading>(),
    timestampExtractor: deviceTime(({ taken, sent }: Reading) => ({ event: taken && taken * 1000, sent: sent * 1000 })),
  })
  .groupByKey()
  .windowedBy(tumbling({ sizeMs: 10_000, graceMs: 60_000 }))
  .count()
  .toStream()
  .to('per-10-s', { key: timeWindowed(string(), { sizeMs: 10_000 }), value: long() })
export const plan = builder.build()

export const input: Input = [
  [12, 'readings', 'right', { taken: 11, sent: 12 }],
  [14, 'readings', 'an hour ahead', { taken: 3608, sent: 3614 }], // waited for 6 s
  [17, 'readings', 'since 1970', { taken: 1, sent: 16 }], // waited for 15 s
  [18, 'readings', 'no time', { sent: 40 }], // takes that of the record
]
