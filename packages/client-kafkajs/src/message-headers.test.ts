import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toKafkajsHeaders } from './message-headers.ts'

type Written = { readonly key: string; readonly value: unknown }

/** What kafkajs writes: it measures each value, asks whether it is null, and then writes it. */
function written(headers: ReturnType<typeof toKafkajsHeaders>): [string, string | null][] {
  const list = Object.entries(headers ?? {}).flatMap(([, value]) =>
    (value as unknown as { map(each: unknown): readonly Written[] }).map(() => undefined),
  )
  return list.map(header => {
    Buffer.byteLength(header.value as Buffer)
    if (header.value === null) return [header.key, null]
    return [header.key, (header.value as Buffer).toString('hex')]
  })
}

it('hands kafkajs all headers in their order, with keys that repeat and values that are null', () => {
  const header = fc.record({
    key: fc.oneof(fc.string(), fc.constantFrom('a', 'b', '1', '__proto__', 'constructor')),
    value: fc.option(fc.uint8Array()),
  })
  fc.assert(
    fc.property(fc.array(header), headers => {
      const expected = headers.map(({ key, value }) => [
        key,
        value === null ? null : Buffer.from(value).toString('hex'),
      ])
      const forKafkajs = toKafkajsHeaders(headers)
      expect(written(forKafkajs)).toEqual(expected)
      expect(written(forKafkajs), 'a retry encodes once more').toEqual(expected)
    }),
  )
})

it('gives kafkajs nothing when there is none', () => {
  expect(toKafkajsHeaders([])).toBeUndefined()
})
