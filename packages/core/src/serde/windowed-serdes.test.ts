import { expect, it } from 'vitest'
import { hopping, tumbling, unlimited } from '../dsl/windows.ts'
import { string } from './text-serdes.ts'
import { timeWindowed } from './windowed-serdes.ts'

it.each([
  ['tumbling windows', tumbling({ sizeMs: 10, graceMs: 5 }), 110],
  ['hopping windows', hopping({ sizeMs: 10, advanceMs: 5, graceMs: 0 }), 110],
  ['the options of tumbling', { sizeMs: 10, graceMs: 5 }, 110],
  ['unlimited windows', unlimited(), Number.POSITIVE_INFINITY],
])('takes the size from %s, which have other fields as well', (_, windows, end) => {
  const serde = timeWindowed(string(), windows)
  const bytes = timeWindowed(string(), { sizeMs: 1 }).serialize({ key: 'k', window: { start: 100, end: 101 } }, 't')
  expect(serde.deserialize(bytes, 't')).toEqual({ key: 'k', window: { start: 100, end } })
})

it('refuses a misspelt option', () => {
  // @ts-expect-error -- a program in JavaScript
  expect(() => timeWindowed(string(), { size: 10 })).toThrow(/MILLRACE_ARGUMENT_INVALID.*no option "size"/)
})
