import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader } from './frame-reader.ts'

function framed(frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap(frame => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(frame.length)
      return [length, frame]
    }),
  )
}

describe('a stream cut into frames', () => {
  it('gives the frames that were sent, however the stream is cut', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 })
    fc.assert(
      fc.property(frames, fc.array(fc.nat(30), { maxLength: 60 }), (sent, cuts) => {
        const got: string[] = []
        const reader = new FrameReader(100, frame => got.push(frame.toString('hex')))
        let rest = framed(sent)
        for (const cut of cuts) {
          reader.push(rest.subarray(0, cut))
          rest = rest.subarray(cut)
        }
        reader.push(rest)
        expect(got).toEqual(sent.map(frame => Buffer.from(frame).toString('hex')))
      }),
    )
  })

  it('receives large frames among small ones, of which each byte is in its place', () => {
    const sizes = fc.array(fc.oneof(fc.nat(50), fc.integer({ min: 60_000, max: 200_000 })), { maxLength: 6 })
    fc.assert(
      fc.property(
        sizes,
        fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 5 }),
        (list, cuts) => {
          const sent = list.map((size, n) => Buffer.from(Array.from({ length: size }, (_, i) => (i + n) % 251)))
          const got: Buffer[] = []
          const reader = new FrameReader(1_000_000, frame => got.push(Buffer.from(frame)))
          const stream = framed(sent)
          for (let at = 0, n = 0; at < stream.length; n++) {
            const next = at + cuts[n % cuts.length]!
            reader.push(stream.subarray(at, next))
            at = next
          }
          expect(got.map(({ length }) => length)).toEqual(list)
          expect(got.every((frame, n) => frame.equals(sent[n]!))).toBe(true)
        },
      ),
      { numRuns: 30 },
    )
  })

  it.each([
    ['negative', [0xff, 0xff, 0xff, 0xff]],
    ['larger than allowed', [0, 0, 0, 101]],
    ['a TLS alert', [0x15, 0x03, 0x03, 0x00]],
    ['the answer of a web server', [...Buffer.from('HTTP/1.1')]],
  ])('refuses a length that is %s', (_what, bytes) => {
    const reader = new FrameReader(100, () => expect.unreachable())
    expect(() => reader.push(Buffer.from(bytes))).toThrow(expect.objectContaining({ reason: 'malformed' }))
  })

  it('says that a broker that answers with an alert of TLS expects TLS', () => {
    const reader = new FrameReader(100, () => expect.unreachable())
    expect(() => reader.push(Buffer.from([0x15, 0x03, 0x03, 0x00]))).toThrow(/TLS/)
  })
})
