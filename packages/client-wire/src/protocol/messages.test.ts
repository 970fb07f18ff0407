import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyApi, MessageCodec } from './api.ts'
import SAMPLES from './fixtures/messages.json' with { type: 'json' }
import { ALL_APIS } from './messages/all-apis.ts'
import { consumerProtocolAssignment } from './messages/consumer-protocol-assignment.ts'
import { consumerProtocolSubscription } from './messages/consumer-protocol-subscription.ts'
import { WireError } from './wire-error.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

const samples = SAMPLES.map(({ name, version, bytes }) => ({ name, version, bytes: Buffer.from(bytes, 'base64') }))

function codecOf(name: string): MessageCodec<unknown> {
  if (name === 'ConsumerProtocolSubscription') return consumerProtocolSubscription
  if (name === 'ConsumerProtocolAssignment') return consumerProtocolAssignment
  const api = ALL_APIS.find(each => name === `${each.name}Request` || name === `${each.name}Response`) as AnyApi
  return name.endsWith('Request') ? api.request : api.response
}

describe('messages that Kafka itself has written', () => {
  it.each(samples)('$name $version is read and written to the same bytes', ({ name, version, bytes }) => {
    const codec = codecOf(name)
    const reader = new WireReader(bytes)
    const message = codec.decode(reader, version)
    expect(reader.remaining).toBe(0)
    const writer = new WireWriter()
    codec.encode(writer, message, version)
    expect(writer.byteLength).toBe(bytes.length)
    expect(writer.concat().toString('hex')).toBe(bytes.toString('hex'))
  })

  it('has a sample of every version of every message', () => {
    for (const { name, minVersion, maxVersion } of ALL_APIS) {
      for (let version = minVersion; version <= maxVersion; version++) {
        for (const message of [`${name}Request`, `${name}Response`]) {
          expect(samples.filter(each => each.name === message && each.version === version)).toHaveLength(2)
        }
      }
    }
  })
})

/** Reads a message out of anything, and whether that ended within the bytes and with nothing but `malformed`. */
function readSafely({ name, version }: { name: string; version: number }, bytes: Buffer): boolean {
  // In a buffer with a margin, so that a read outside of the bytes is not stopped by the buffer's own end.
  const within = Buffer.concat([Buffer.alloc(64, 0x7f), bytes, Buffer.alloc(64, 0x7f)])
  const reader = new WireReader(within, 64, 64 + bytes.length)
  try {
    codecOf(name).decode(reader, version)
  } catch (error) {
    if (!(error instanceof WireError) || error.reason !== 'malformed') throw error
  }
  return reader.position >= 64 && reader.position <= 64 + bytes.length
}

describe('bytes that no broker should send', () => {
  const anySample = fc.constantFrom(...samples)

  it('are refused wherever a message is cut', () => {
    for (const sample of samples) {
      for (let length = 0; length < sample.bytes.length; length++)
        expect(readSafely(sample, sample.bytes.subarray(0, length))).toBe(true)
    }
  })

  it('are refused or read, with bits flipped', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(anySample, flips, (sample, places) => {
        const bytes = Buffer.from(sample.bytes)
        for (const [place, bit] of places) if (bytes.length > 0) bytes[place % bytes.length]! ^= 1 << bit
        expect(readSafely(sample, bytes)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  it('are refused or read, with a part repeated', () => {
    fc.assert(
      fc.property(anySample, fc.nat(), fc.nat(), (sample, from, length) => {
        const start = from % (sample.bytes.length + 1)
        const part = sample.bytes.subarray(start, start + (length % 64))
        const rest = sample.bytes.subarray(start)
        expect(readSafely(sample, Buffer.concat([sample.bytes.subarray(0, start), part, part, rest]))).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  it('are refused or read, whatever they are', () => {
    fc.assert(
      fc.property(anySample, fc.uint8Array({ maxLength: 300 }), (sample, bytes) => {
        expect(readSafely(sample, Buffer.from(bytes))).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })
})
