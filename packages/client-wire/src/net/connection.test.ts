import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import SAMPLES from '../protocol/fixtures/messages.json' with { type: 'json' }
import { metadataApi } from '../protocol/messages/metadata.ts'
import { ScriptedBroker } from '../testing/scripted-broker.fixture.ts'
import { WireError } from '../protocol/wire-error.ts'
import { connect } from './connect.ts'
import type { Connection } from './connection.ts'

const REQUEST = { topics: null, allowAutoTopicCreation: false, includeTopicAuthorizedOperations: false }
const ANSWER = {
  throttleTimeMs: 0,
  brokers: [],
  clusterId: null,
  controllerId: 1,
  topics: [],
  errorCode: 0,
}

function open(broker: ScriptedBroker): Promise<Connection> {
  return connect({
    host: '127.0.0.1',
    port: broker.port,
    clientId: 'test',
    security: {},
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
  })
}

function framed(body: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** An answer to the second request of a connection, in which the first one asked for versions. */
function answerOf(body: Uint8Array, correlationId = 1): Buffer {
  const header = Buffer.alloc(5)
  header.writeInt32BE(correlationId)
  return framed(Buffer.concat([header, body]))
}

async function failureOf(promise: Promise<unknown>): Promise<WireError | undefined> {
  const error = await promise.then(
    () => undefined,
    (each: unknown) => each,
  )
  if (error !== undefined) expect(error).toBeInstanceOf(WireError)
  return error as WireError | undefined
}

describe('a connection', () => {
  it('matches answers to requests that are on their way together', async () => {
    await using broker = await ScriptedBroker.start()
    let asked = 0
    broker.on(metadataApi, () => ({ ...ANSWER, controllerId: ++asked }))
    const connection = await open(broker)
    const answers = await Promise.all([1, 2, 3].map(() => connection.send(metadataApi, REQUEST, { timeoutMs: 5_000 })))
    expect(answers.map(({ controllerId }) => controllerId)).toEqual([1, 2, 3])
    expect(connection.inFlight).toBe(0)
    connection.close()
  })

  it.each([
    ['an answer that nobody asked for', { raw: answerOf(Buffer.alloc(20), 77) }, 'malformed'],
    ['an answer of nothing', { raw: framed(Buffer.alloc(0)) }, 'malformed'],
    ['an answer that is cut', { raw: answerOf(Buffer.from([0, 0])) }, 'malformed'],
    ['a frame of two gigabytes', { raw: Buffer.from([0x7f, 0xff, 0xff, 0xff]) }, 'malformed'],
    ['the end of the connection', 'close' as const, 'unreachable'],
    ['no answer', 'no answer' as const, 'timeout'],
  ])('ends, with all that waits on it, at %s', async (_what, answer, reason) => {
    await using broker = await ScriptedBroker.start()
    broker.on(metadataApi, () => answer)
    const connection = await open(broker)
    const sent = [1, 2].map(() => failureOf(connection.send(metadataApi, REQUEST, { timeoutMs: 300 })))
    for (const error of await Promise.all(sent)) expect(error?.reason).toBe(reason)
    expect(connection.isOpen).toBe(false)
    const after = await failureOf(connection.send(metadataApi, REQUEST, { timeoutMs: 300 }))
    expect(after?.reason).toBe(reason)
  })

  it('survives whatever comes instead of an answer: recorded answers that are cut, repeated and flipped', async () => {
    const recorded = SAMPLES.filter(({ name }) => name === 'MetadataResponse').map(({ bytes }) =>
      Buffer.from(bytes, 'base64'),
    )
    const damage = fc.record({
      body: fc.constantFrom(...recorded),
      cut: fc.nat(400),
      repeat: fc.nat(50),
      flips: fc.array(fc.tuple(fc.nat(), fc.nat(7)), { maxLength: 5 }),
      correlationId: fc.constantFrom(0, 1, 2),
    })
    const survives = fc.assert(
      fc.asyncProperty(damage, async ({ body, cut, repeat, flips, correlationId }) => {
        const bytes = Buffer.concat([body.subarray(0, cut), body.subarray(0, repeat), body.subarray(cut)])
        for (const [place, bit] of flips) bytes[place % bytes.length]! ^= 1 << bit
        await using broker = await ScriptedBroker.start()
        broker.on(metadataApi, () => ({ raw: answerOf(bytes.subarray(0, bytes.length - (cut % 7)), correlationId) }))
        const connection = await open(broker)
        const error = await failureOf(connection.send(metadataApi, REQUEST, { timeoutMs: 2_000 }))
        connection.close()
        return error === undefined || error.reason === 'malformed'
      }),
      { numRuns: 150 },
    )
    await expect(survives).resolves.toBeUndefined()
  })

  it('is quiet for as long as the broker asks', async () => {
    await using broker = await ScriptedBroker.start()
    broker.on(metadataApi, () => ({ ...ANSWER, throttleTimeMs: 250 }))
    const connection = await open(broker)
    await connection.send(metadataApi, REQUEST, { timeoutMs: 5_000 })
    expect(connection.mutedMs).toBeGreaterThan(100)
    const asked = broker.seen.length
    const next = connection.send(metadataApi, REQUEST, { timeoutMs: 5_000 })
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(broker.seen.length).toBe(asked)
    await next
    connection.close()
  })

  it('sends what waited meanwhile in the order in which it came', async () => {
    await using broker = await ScriptedBroker.start()
    broker.on(metadataApi, () => ({ ...ANSWER, throttleTimeMs: 60 }))
    const order: (string | null)[] = []
    const connection = await open(broker)
    await connection.send(metadataApi, REQUEST, { timeoutMs: 5_000 })
    broker.on(metadataApi, ({ topics }) => {
      order.push(topics![0]!.name)
      return ANSWER
    })
    const names = Array.from({ length: 200 }, (_, i) => String(i))
    const sent: Promise<unknown>[] = []
    for (const name of names) {
      const topics = [{ name, topicId: '0'.repeat(32) }]
      sent.push(connection.send(metadataApi, { ...REQUEST, topics }, { timeoutMs: 5_000 }))
      // So that they find different rests of the time.
      if (Number(name) % 20 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    await Promise.all(sent)
    expect(order).toEqual(names)
    connection.close()
  })

  it('says which versions are missing where a broker is too old', async () => {
    await using broker = await ScriptedBroker.start()
    const connection = await open(broker)
    connection.learn(new Map([[metadataApi.key, { min: 0, max: 8 }]]), new Map())
    const error = await failureOf(connection.send(metadataApi, REQUEST, { timeoutMs: 300 }))
    expect(error).toMatchObject({ reason: 'unsupported', message: expect.stringContaining('Metadata') as string })
    connection.close()
  })
})
