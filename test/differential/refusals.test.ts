import { expect, it } from 'vitest'
import { sameReason } from './refusals.ts'

const full =
  'org.apache.kafka.streams.errors.StreamsException: K-1 buffer exceeded its max capacity. Currently [3/2] records'
const ours = 'MILLRACE_SUPPRESS_BUFFER_FULL: The buffer of K-1 is full'

it.each<[string, string, string, boolean]>([
  ['the same one', ours, `Exception caught in process. <- ${full}`, true],
  [
    'windows without an end that are to be emitted when they close',
    'MILLRACE_TOPOLOGY_OPTION_INVALID: windowedBy: emitStrategy is "on-close"',
    'java.lang.IllegalArgumentException: ON_WINDOW_CLOSE emit strategy cannot be used for UnlimitedWindows',
    true,
  ],
  ['another code', 'MILLRACE_TOPOLOGY_OPTION_INVALID: suppress', full, false],
  ['an exception that nobody has listed', ours, 'java.lang.NullPointerException', false],
  ['an error without a code', 'cannot read properties of undefined', full, false],
])('tells whether both sides have one reason: %s', (_what, mine, java, same) => {
  expect(sameReason(mine, java)).toBe(same)
})
