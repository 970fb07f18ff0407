import { describe, expect, it } from 'vitest'
import { joinWindows } from '../assemble/stream-joins.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { hopping, sessions, sliding, tumbling } from '../dsl/windows.ts'
import { string } from '../serde/text-serdes.ts'
import { advanceLags } from './advance-lags.ts'

const texts = { key: string(), value: string() }
const versioned = { name: 'prices', historyRetentionMs: 100 }

function grouped() {
  const builder = new StreamsBuilder()
  return { builder, stream: builder.stream('in', texts), group: builder.stream('in2', texts).groupByKey() }
}

describe('a node stays behind by what is held back above it', () => {
  const cases: readonly [string, number, (given: ReturnType<typeof grouped>) => { foreach(...args: never[]): void }][] =
    [
      ['a step without state', 0, ({ stream }) => stream.filter(() => true)],
      [
        'windows that emit updates',
        0,
        ({ group }) =>
          group
            .windowedBy(tumbling({ sizeMs: 10, graceMs: 3 }))
            .count()
            .toStream(),
      ],
      [
        'tumbling windows',
        13,
        ({ group }) =>
          group
            .windowedBy(tumbling({ sizeMs: 10, graceMs: 3 }), { emitStrategy: 'on-close' })
            .count()
            .toStream(),
      ],
      [
        'hopping windows',
        13,
        ({ group }) =>
          group
            .windowedBy(hopping({ sizeMs: 10, advanceMs: 5, graceMs: 3 }), { emitStrategy: 'on-close' })
            .count()
            .toStream(),
      ],
      [
        'sliding windows',
        13,
        ({ group }) =>
          group
            .windowedBy(sliding({ timeDifferenceMs: 10, graceMs: 3 }), { emitStrategy: 'on-close' })
            .count()
            .toStream(),
      ],
      [
        'sessions',
        13,
        ({ group }) =>
          group
            .windowedBy(sessions({ inactivityGapMs: 10, graceMs: 3 }), { emitStrategy: 'on-close' })
            .count()
            .toStream(),
      ],
      [
        'suppressed windows',
        13,
        ({ group }) =>
          group
            .windowedBy(tumbling({ sizeMs: 10, graceMs: 3 }))
            .count()
            .suppress({ until: 'window-closes' })
            .toStream(),
      ],
      [
        'suppressed sessions',
        13,
        ({ group }) =>
          group
            .windowedBy(sessions({ inactivityGapMs: 10, graceMs: 3 }))
            .count()
            .suppress({ until: 'window-closes' })
            .toStream(),
      ],
      ['suppressed updates', 7, ({ group }) => group.count().suppress({ until: 'time-limit', waitMs: 7 }).toStream()],
      [
        'an inner join',
        0,
        ({ stream, builder }) =>
          stream.join(builder.stream('o', texts), () => '', {
            windows: joinWindows({ beforeMs: 4, afterMs: 6, graceMs: 3 }),
          }),
      ],
      [
        'a left join',
        9,
        ({ stream, builder }) =>
          stream.leftJoin(builder.stream('o', texts), () => '', {
            windows: joinWindows({ beforeMs: 4, afterMs: 6, graceMs: 3 }),
          }),
      ],
      [
        'a join with what was valid',
        20,
        ({ stream, builder }) =>
          stream.join(builder.table('t', { ...texts, store: versioned }), () => '', { graceMs: 20 }),
      ],
    ]

  it.each(cases)('%s', (_which, lag, define) => {
    const given = grouped()
    define(given).foreach((() => undefined) as never, { name: 'end' } as never)
    expect(advanceLags(given.builder.build(), 1000).get('end')).toBe(lag)
  })
})

it('adds up what is held back on the way, and something for each topic', () => {
  const { builder, group } = grouped()
  group
    .windowedBy(tumbling({ sizeMs: 10, graceMs: 3 }), { emitStrategy: 'on-close' })
    .count()
    .toStream()
    .mapValues(String)
    .groupBy(value => value, texts)
    .windowedBy(tumbling({ sizeMs: 100, graceMs: 0 }), { emitStrategy: 'on-close' })
    .count({ name: 'second' })
    .toStream()
    .foreach(() => undefined, { name: 'end' })
  const lags = advanceLags(builder.build(), 1000)
  expect([lags.get('second'), lags.get('end')]).toEqual([1013, 1113])
})

it('does not wait for what comes round in a circle', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('a', texts)
    .filter(() => true, { name: 'step' })
    .to('a', texts)
  expect(advanceLags(builder.build(), 1000).get('step')).toBe(0)
})
