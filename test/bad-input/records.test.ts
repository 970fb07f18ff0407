import { json, long, type MillraceError, StreamsBuilder, string } from 'millrace'
import { describe, expect, it } from 'vitest'
import { eventually, type ReadRecord, type WrittenRecord } from '../topic-io.ts'
import { type MemoryApps, memoryApps } from './memory-app.ts'

interface Order {
  readonly amount: number
}

const good = (key: string, amount: number, timestamp: number): WrittenRecord => ({
  partition: 0,
  key,
  value: JSON.stringify({ amount }),
  timestamp,
})
const BAD: WrittenRecord = {
  partition: 0,
  key: 'b',
  value: '{"amount":',
  timestamp: 2_000,
  headers: [{ key: 'trace', value: Buffer.from([1, 2, 255]) }],
}
const INPUT = [good('a', 1, 1_000), BAD, good('c', 3, 3_000)]

function amounts() {
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: string(), value: json<Order>() })
    .mapValues(({ amount }) => BigInt(amount), { name: 'amount' })
    .to('amounts', { value: long() })
  return builder.build()
}

async function withOrders(): Promise<MemoryApps> {
  const apps = await memoryApps()
  for (const topic of ['orders', 'amounts', 'dead']) await apps.io.createTopic(topic, 1)
  await apps.io.produce('orders', INPUT)
  return apps
}

const keysOf = (records: readonly ReadRecord[]) => records.map(({ key }) => String(key))
const read = (apps: MemoryApps, topic: string, count: number) =>
  eventually(
    topic,
    10_000,
    () => apps.io.readAll(topic),
    records => records.length >= count,
  )

describe.each(['at_least_once', 'exactly_once'] as const)('a record that does not decode, %s', processingGuarantee => {
  it('ends the application with what it needs to be found, and nothing past it is committed', async () => {
    await using apps = await withOrders()
    const app = apps.app(amounts(), { processingGuarantee })
    const told: unknown[] = []
    app.on('error', error => told.push(error))
    await app.start()
    const error = (await app.ended().catch((failure: unknown) => failure)) as MillraceError
    expect(error).toMatchObject({
      code: 'MILLRACE_PROCESSING_FAILED',
      kind: 'fatal',
      message: expect.stringContaining('In the value: The bytes cannot be decoded as ') as unknown,
      hint: expect.stringMatching(/Use the serde .* onBadRecord to "continue" or to a dead-letter topic/) as unknown,
      cause: { code: 'MILLRACE_SERDE_DECODE' },
    })
    expect(error.message).toContain('KSTREAM-SOURCE-0000000000 failed on orders-0 at offset 1 (task 0_0)')
    expect(told).toEqual([error])
    expect(app.state).toBe('ERROR')
    expect((await apps.io.committed('app', 'orders'))[0]).toBeLessThanOrEqual(1)
  })

  it('is counted, logged and left out with "continue"', async () => {
    await using apps = await withOrders()
    const app = apps.app(amounts(), { processingGuarantee, onBadRecord: 'continue' })
    await app.start()
    expect(keysOf(await read(apps, 'amounts', 2))).toEqual(['a', 'c'])
    expect(app.metrics().filter(({ name }) => name === 'failed-records')).toMatchObject([{ value: 1 }])
    const warned = apps.lines.filter(({ message }) => message === 'record skipped: it could not be processed')
    expect(warned).toMatchObject([{ level: 'warn', fields: { topic: 'orders', partition: 0, offset: 1 } }])
  })

  it('goes to the dead-letter topic as it was, with what happened to it in headers', async () => {
    await using apps = await withOrders()
    await apps.app(amounts(), { processingGuarantee, onBadRecord: { deadLetterTopic: 'dead' } }).start()
    expect(keysOf(await read(apps, 'amounts', 2))).toEqual(['a', 'c'])
    const dead = await read(apps, 'dead', 1)
    expect(dead).toHaveLength(1)
    expect(dead[0]).toMatchObject({ key: Buffer.from('b'), value: Buffer.from('{"amount":'), timestamp: 2_000 })
    const headers = new Map(dead[0]!.headers.map(({ key, value }) => [key, value]))
    expect(headers.get('trace')).toEqual(Buffer.from([1, 2, 255]))
    const told = (name: string) => String(headers.get(`__streams.errors.${name}`))
    expect(told('topic')).toBe('orders')
    expect(told('partition')).toBe('0')
    expect(told('offset')).toBe('1')
    expect(told('exception')).toBe('MILLRACE_SERDE_DECODE')
    expect(told('node')).toBe('KSTREAM-SOURCE-0000000000')
    expect(told('task')).toBe('0_0')
  })

  it('goes the same way when a function of the user fails on it', async () => {
    await using apps = await withOrders()
    await apps.io.produce('orders', [{ partition: 0, key: 'd', value: '{"amount":1.5}', timestamp: 4_000 }])
    await apps.app(amounts(), { processingGuarantee, onBadRecord: { deadLetterTopic: 'dead' } }).start()
    const dead = await read(apps, 'dead', 2)
    expect(keysOf(dead)).toEqual(['b', 'd'])
    const headers = new Map(dead[1]!.headers.map(({ key, value }) => [key, String(value)]))
    expect(headers.get('__streams.errors.node')).toBe('amount')
    expect(headers.get('__streams.errors.exception')).toBe('RangeError')
    expect(keysOf(await read(apps, 'amounts', 2))).toEqual(['a', 'c'])
  })
})
