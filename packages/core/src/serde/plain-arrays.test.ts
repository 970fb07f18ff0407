import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'

// Without the engine, which another test file in this process may have loaded: serdes work on plain arrays, and must give the
// same bytes and texts as with those of Node.js.
vi.resetModules()
const { string } = await import('./text-serdes.ts')

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 20 })).map(text => text.toWellFormed())

it('texts have the same bytes in plain arrays', () => {
  fc.assert(
    fc.property(anyText, text => {
      const written = string().serialize(text, 't')
      expect(written).toBeInstanceOf(Uint8Array)
      expect(written).not.toBeInstanceOf(Buffer)
      expect(Buffer.from(written)).toEqual(Buffer.from(text))
      expect(string().deserialize(written, 't')).toBe(text)
    }),
  )
})

const ill = readFileSync(new URL('fixtures/ill-formed-utf8.json', import.meta.url), 'utf8')

it.each(JSON.parse(ill) as { readonly bytes: string }[])(
  'ill-formed $bytes reads alike in plain arrays',
  ({ bytes }) => {
    const array = Uint8Array.from(Buffer.from(bytes, 'hex'))
    expect(string().deserialize(array, 't')).toBe(Buffer.from(bytes, 'hex').toString())
  },
)

it('half of a surrogate pair is refused in plain arrays, too', () => {
  expect(() => string().serialize('a\ud800 and more than eight', 't')).toThrow('half of a surrogate pair')
})
