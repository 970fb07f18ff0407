import {
  calendar,
  customStore,
  customWindows,
  describeTopology,
  deviceTime,
  diffTopologies,
  fromPayload,
  hopping,
  joinWindows,
  json,
  keyValueStore,
  keyValueStoreWithHeaders,
  list,
  long,
  lruMap,
  ManualClock,
  planToJson,
  sessions,
  sessionStore,
  sessionStoreWithHeaders,
  sessionWindowed,
  sliding,
  StreamsBuilder,
  string,
  timeWindowed,
  toMermaid,
  topologyOutline,
  tumbling,
  unlimited,
  usePartitionTimeOnInvalid,
  versionedStore,
  wallClock,
  windowStore,
  windowStoreWithHeaders,
} from '@millrace/core'
import { expect, it } from 'vitest'
import { attempts, count, flag, fn, only, options, optionalFn, type Slot, wrongOutcome } from './argument-variants.ts'

const builder = new StreamsBuilder()
builder.stream('in', { key: string(), value: string() }).to('out')
const topology = builder.build()
const plan = only(topology)
const serde = only(long())
const zero = (valid: number) => count(valid)
const forever = { valid: 5, takes: ['missing', 'number'] }
const stored = {
  name: only('kept', 'text'),
  key: only(string(), 'missing'),
  value: only(string(), 'missing'),
  type: only('memory', 'missing'),
  caching: flag(false),
  logging: only({ 'retention.ms': '5' }, 'missing', 'true', 'false', 'empty object'),
}
const { caching: _caching, type: _type, ...lru } = stored
const { caching: _unused, ...uncached } = stored

const FUNCTIONS: readonly (readonly [title: string, (...args: never[]) => unknown, ...Slot[]])[] = [
  ['tumbling', tumbling, options({ sizeMs: zero(10), graceMs: zero(0) }, [])],
  ['hopping', hopping, options({ sizeMs: zero(42), advanceMs: zero(10), graceMs: zero(0) }, [])],
  ['sliding', sliding, options({ timeDifferenceMs: zero(10), graceMs: zero(0) }, [])],
  ['sessions', sessions, options({ inactivityGapMs: zero(10), graceMs: zero(0) }, [])],
  ['unlimited', unlimited, options({ startMs: forever })],
  [
    'calendar',
    calendar,
    options(
      {
        unit: only('day'),
        timeZone: only('Europe/Berlin'),
        startHour: only(5, 'missing'),
        firstDayOfWeek: only(1, 'missing'),
        graceMs: zero(0),
      },
      [],
    ),
  ],
  [
    'customWindows',
    customWindows,
    options(
      { name: only('w', 'text', 'unusable text'), maxSizeMs: zero(10), graceMs: zero(0), windowsFor: fn(() => []) },
      [],
    ),
  ],
  ['joinWindows', joinWindows, options({ timeDifferenceMs: zero(10), graceMs: zero(0) }, [])],
  [
    'joinWindows, before and after',
    joinWindows,
    options({ beforeMs: count(10, 'negative'), afterMs: count(10, 'negative'), graceMs: zero(0) }, []),
  ],
  ['keyValueStore', keyValueStore, options({ ...stored, ttlMs: zero(5), ttlBy: only('wall-clock', 'missing') }, [])],
  ['lruMap', lruMap, options({ ...lru, maxEntries: zero(5) }, [])],
  [
    'windowStore',
    windowStore,
    options({ ...stored, windowSizeMs: zero(5), retentionMs: zero(50), retainDuplicates: flag(true) }, []),
  ],
  ['sessionStore', sessionStore, options({ ...stored, retentionMs: zero(5) }, [])],
  ['versionedStore', versionedStore, options({ ...uncached, historyRetentionMs: zero(5) }, [])],
  ['customStore', customStore, options({ ...stored, open: fn(() => ({})) }, [])],
  ['keyValueStoreWithHeaders', keyValueStoreWithHeaders, options(uncached, [])],
  [
    'windowStoreWithHeaders',
    windowStoreWithHeaders,
    options({ ...uncached, windowSizeMs: zero(5), retentionMs: zero(50) }, []),
  ],
  ['sessionStoreWithHeaders', sessionStoreWithHeaders, options({ ...uncached, retentionMs: zero(50) }, [])],
  [
    'json',
    json,
    options({
      name: only('n', 'missing', 'text', 'empty text', 'unusable text'),
      propertyOrder: only('sorted', 'missing'),
    }),
  ],
  ['list', list, serde, options({ nullable: flag(true) })],
  ['timeWindowed', timeWindowed, serde, options({ sizeMs: zero(5) }, [])],
  [
    'timeWindowed, by windows',
    timeWindowed,
    serde,
    options({ windows: only(calendar({ unit: 'day', timeZone: 'UTC', graceMs: 0 })) }, []),
  ],
  ['sessionWindowed', sessionWindowed, serde],
  ['wallClock', wallClock, only(new ManualClock(), 'missing')],
  ['fromPayload', fromPayload, fn(() => 0)],
  ['usePartitionTimeOnInvalid', usePartitionTimeOnInvalid, optionalFn(() => 0)],
  ['deviceTime', deviceTime, fn(() => 0)],
  ['describeTopology', describeTopology, plan],
  ['toMermaid', toMermaid, plan],
  ['planToJson', planToJson, plan],
  ['topologyOutline', topologyOutline, plan],
  ['diffTopologies', diffTopologies, plan, only(topologyOutline(topology))],
]

const calls = FUNCTIONS.map(([title, subject, ...slots]) => ({ title, subject, slots }))

it.each(calls)('the arguments of $title', async ({ subject, slots }) => {
  const wrong: string[] = []
  for (const attempt of attempts(slots)) {
    // What is more than a function takes is ignored, as JavaScript does, so that functions can be handed to array methods.
    if (attempt.title === 'an argument too many') continue
    const problem = await wrongOutcome(attempt, args => subject(...(args as never[])))
    if (problem !== undefined) wrong.push(problem)
  }
  expect(wrong).toEqual([])
})

it('says what to do where a builder stands for its plan, and a function for its serde', () => {
  expect(() => describeTopology(builder as never)).toThrow(/it is a StreamsBuilder: call its build\(\)/)
  expect(() => list(string as never)).toThrow('MILLRACE_ARGUMENT_INVALID')
  expect(() => list(string as never)).toThrow(/call the function, as string\(\)/)
  expect(() => builder.stream('in', { key: string, value: string } as never)).toThrow(
    /call the function, as string\(\)/,
  )
})
