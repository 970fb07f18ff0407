import { json, StreamsBuilder, string, type KStream } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function failingThen(): object {
  // oxlint-disable-next-line unicorn/no-thenable -- it is what the test is about
  return Object.defineProperty({}, 'then', {
    enumerable: true,
    get() {
      throw new Error('nobody reads this')
    },
  })
}

type Make = (stream: KStream<string, string, 'key' | 'value'>) => void

/** Which operators get something that no program gives on purpose, for the value "bad" alone. */
const given: Record<string, { readonly make: Make; readonly says: RegExp }> = {
  'a proxy that was revoked': {
    make: stream => stream.mapValues(value => (value === 'bad' ? revoked() : value)).to('out', { value: json() }),
    says: /SINK.*in-0 at offset 1.*SERDE_ENCODE/,
  },
  'a value whose `then` fails': {
    make: stream => stream.mapValues(value => (value === 'bad' ? failingThen() : value)).to('out', { value: json() }),
    says: /SINK.*in-0 at offset 1.*SERDE_ENCODE/,
  },
  'a promise of the initial aggregate': {
    make: stream =>
      stream
        .groupBy(value => value, texts)
        .aggregate(
          () => Promise.reject(new Error('nobody waits for it')) as unknown as string,
          (aggregate, value) => aggregate + value,
          { value: string() },
        ),
    says: /AGGREGATE.*the initializer returned a promise/,
  },
  'no rank': {
    make: stream => stream.groupByKey().topN({ n: 2, by: value => (value === 'bad' ? (undefined as never) : value) }),
    says: /AGGREGATE.*`by` returned undefined/,
  },
}

it.each(Object.entries(given))('%s is a bad record of its operator', async (_what, { make, says }) => {
  const builder = new StreamsBuilder()
  make(builder.stream('in', texts))
  const driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', texts)
  const work = async () => {
    await input.pipeInput('a', 'good')
    await input.pipeInput('b', 'bad')
  }
  await expect(work()).rejects.toMatchObject({
    code: 'MILLRACE_PROCESSING_FAILED',
    message: expect.stringMatching(says),
  })
})
