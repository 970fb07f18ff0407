import { describe, it } from 'vitest'
import { int, long } from '../serde/number-serdes.ts'
import { string } from '../serde/text-serdes.ts'
import { timeWindowed } from '../serde/windowed-serdes.ts'
import { StreamsBuilder } from './streams-builder.ts'
import { tumbling } from './windows.ts'

const builder = new StreamsBuilder()
const perMinute = builder
  .stream('lines', { key: string(), value: string() })
  .groupByKey()
  .windowedBy(tumbling({ sizeMs: 60_000, graceMs: 0 }))
  .count()

describe('a windowed key', () => {
  it('is no text and no number', () => {
    perMinute.toStream().to('out', { key: timeWindowed(string(), { sizeMs: 60_000 }), value: long() })
    // @ts-expect-error the keys are windowed
    perMinute.toStream().to('out', { key: string(), value: long() })
    // @ts-expect-error the keys are windowed
    perMinute.toStream().groupByKey({ key: int(), value: long() })
  })
})
