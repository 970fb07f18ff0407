import { type ClientFactory, type CompressionCodec, string, StreamsBuilder } from '@millrace/core'
import { expect, it } from 'vitest'
import type { KafkaStreamsOptions } from '../config/options.ts'
import { testApplication } from './application.fixture.ts'

/** Runs an application and tells with which codecs its client was asked for producers. */
async function codecsOf(options: Partial<KafkaStreamsOptions>, supported?: readonly CompressionCodec[]) {
  const app = testApplication({ in: 1, out: 1 })
  const used: unknown[] = []
  const client: ClientFactory = context => {
    const inner = app.factory(context)
    const capabilities = { ...inner.capabilities, ...(supported && { compression: supported }) }
    const producer: typeof inner.producer = given => {
      used.push(given.compression)
      return inner.producer(given)
    }
    return new Proxy(inner, {
      get(target, name) {
        if (name === 'capabilities') return capabilities
        if (name === 'producer') return producer
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  }
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).to('out', { key: string(), value: string() })
  const instance = await app.start(builder.build(), { client, ...options })
  await app.send('in', [{ value: 'a' }])
  await app.run([instance], 20, 1)
  await instance.end({ clean: true, leave: true })
  return [...new Set(used)]
}

it.each<[Partial<KafkaStreamsOptions>, CompressionCodec]>([
  [{}, 'none'],
  [{ compression: 'zstd' }, 'zstd'],
  [{ compression: 'lz4', processingGuarantee: 'exactly_once' }, 'lz4'],
])('with %j every producer compresses with %s', async (options, codec) => {
  expect(await codecsOf(options)).toEqual([codec])
})

it('refuses at the start a codec that the client does not have', async () => {
  await expect(codecsOf({ compression: 'zstd' }, ['none', 'gzip'])).rejects.toMatchObject({
    code: 'MILLRACE_CLIENT_UNSUPPORTED',
    message: expect.stringContaining('compression "zstd"') as string,
  })
})
