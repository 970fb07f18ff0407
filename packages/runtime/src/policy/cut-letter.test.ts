import { recordBatchBytesOfOne } from '@millrace/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CUT_HEADER, cutLetter, type Letter } from './cut-letter.ts'

const failure = [
  { key: '__streams.errors.exception', value: Buffer.from('MILLRACE_PROCESSING_FAILED') },
  { key: '__streams.errors.stacktrace', value: Buffer.alloc(3_000, 's') },
]
const bytes = fc.option(fc.uint8Array({ maxLength: 20_000 }).map(each => Buffer.from(each)))

function sizeOf({ key, value, headers, failure: about }: Letter): number {
  const [keyEnd, valueEnd] = [key?.length ?? -1, value?.length ?? -1]
  return recordBatchBytesOfOne(key === null ? -1 : 0, keyEnd, value === null ? -1 : 0, valueEnd, [...headers, ...about])
}

it('fits afterwards, is marked exactly when something is missing, and keeps the front of what it cuts', () => {
  fc.assert(
    fc.property(
      bytes,
      bytes,
      fc.array(bytes, { maxLength: 3 }),
      fc.integer({ min: 1_000, max: 50_000 }),
      (key, value, extra, limit) => {
        const headers = extra.map((each, n) => ({ key: `h${n}`, value: each }))
        const letter = { key, value, headers, failure }
        const cut = cutLetter(letter, limit)
        expect(sizeOf(cut)).toBeLessThanOrEqual(limit)
        const marked = cut.failure.some(({ key: name }) => name === CUT_HEADER)
        expect(marked).toBe(sizeOf(letter) > limit)
        if (!marked) expect(cut).toBe(letter)
        if (cut.value !== null) expect(value!.subarray(0, cut.value.length).equals(cut.value)).toBe(true)
        if (cut.key !== null) expect(key!.subarray(0, cut.key.length).equals(cut.key)).toBe(true)
        expect([cut.key === null, cut.value === null]).toEqual([key === null, value === null])
        expect(cut.failure.some(({ key: name }) => name === '__streams.errors.exception')).toBe(true)
      },
    ),
  )
})

it('keeps the value whole where leaving out the stack trace is enough', () => {
  const value = Buffer.alloc(5_000, 'v')
  const cut = cutLetter({ key: null, value, headers: [], failure }, 6_000)
  expect(cut.value).toBe(value)
})
