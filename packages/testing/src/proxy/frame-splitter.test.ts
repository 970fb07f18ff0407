import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FrameSplitter } from './frame-splitter.ts'

function frame(body: Uint8Array): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

it('finds the frames wherever the bytes are cut', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 })
  const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(bodies, cuts, (each, lengths) => {
      const frames = each.map(frame)
      const bytes = Buffer.concat(frames)
      const splitter = new FrameSplitter()
      const found: Buffer[] = []
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = lengths[turn % lengths.length]!
        found.push(...splitter.push(bytes.subarray(at, at + length)))
        at += length
      }
      expect(found).toEqual(frames)
    }),
  )
})

it.each([-1, 256 * 1024 * 1024 + 1, 0x16_03_01_02])('refuses a frame of %d bytes', size => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(size)
  expect(() => new FrameSplitter().push(bytes)).toThrow(RangeError)
})
