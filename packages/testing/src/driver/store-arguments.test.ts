import {
  isMillraceError,
  keyValueStore,
  type ProcessorContext,
  type ProcessorRecord,
  sessionStore,
  StreamsBuilder,
  string,
  versionedStore,
  windowStore,
} from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const stores = [
  keyValueStore({ name: 'pairs', ...texts }),
  windowStore({ name: 'windows', ...texts, windowSizeMs: 10, retentionMs: 100 }),
  sessionStore({ name: 'sessions', ...texts, retentionMs: 100 }),
  versionedStore({ name: 'versions', ...texts, historyRetentionMs: 100 }),
]

/** Without types, as programs in JavaScript have it. */
type Loose = Readonly<Record<string, (...args: unknown[]) => unknown>>
type Use = (
  context: { store(name: unknown): Loose; count(...args: unknown[]): void; forward(record: object): unknown },
  record: object,
) => unknown

async function outcome(use: Use): Promise<unknown> {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .process<string, string>(
      () => {
        let context: ProcessorContext<string, string>
        return {
          init: given => void (context = given),
          process: async (record: ProcessorRecord<string, string>) => void (await use(context, record)),
        }
      },
      { stores },
    )
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  return await driver
    .createInputTopic('in', texts)
    .pipeInput('key', 'value', { timestamp: 50 })
    .then(
      () => 'accepted',
      (error: unknown) => (isMillraceError(error) ? error.message : error),
    )
}

it.each<[string, Use, RegExp]>([
  [
    'a misspelt end of a range',
    c => c.store('pairs')['range']?.({ form: 'a' }),
    /range of the store "pairs".*no option "form"/,
  ],
  ['a range that is missing', c => c.store('pairs')['range']?.(), /range must be an object/],
  ['a prefix without its serde', c => c.store('pairs')['prefixScan']?.('a'), /serde must be a serde/],
  ['a window without its start', c => c.store('windows')['put']?.('a', 'b'), /windowStart must be .*undefined/],
  ['a window that starts at a text', c => c.store('windows')['put']?.('a', 'b', '5'), /windowStart must be .*"5"/],
  [
    'a window that starts at a Date',
    c => c.store('windows')['put']?.('a', 'b', new Date(5)),
    /windowStart must be .*Date/,
  ],
  ['a window that starts at NaN', c => c.store('windows')['put']?.('a', 'b', Number.NaN), /windowStart must be .*NaN/],
  ['a range of times without its end', c => c.store('windows')['fetchRange']?.('a', 0), /to must be a number/],
  [
    'a session without its window',
    c => c.store('sessions')['put']?.({ key: 'a' }, 'b'),
    /the window of the session must be/,
  ],
  [
    'a session that ends before it starts',
    c => c.store('sessions')['put']?.({ key: 'a', window: { start: 5, end: 1 } }, 'b'),
    /the window of the session must be/,
  ],
  ['two numbers for a session', c => c.store('sessions')['fetchSession']?.('a', 1, 5), /window must be a window/],
  ['a version without its time', c => c.store('versions')['put']?.('a', 'b'), /timestamp must be .*undefined/],
  ['a version with a text as its time', c => c.store('versions')['put']?.('a', 'b', '5'), /timestamp must be .*"5"/],
  ['a deletion without its time', c => c.store('versions')['delete']?.('a'), /timestamp must be .*undefined/],
  ['no store', c => c.store(undefined), /context.store: store must be/],
  ['a count that is no number', c => c.count('seen', 'x'), /context.count: by must be a number/],
  ['a count without a name', c => c.count(), /context.count: metric must be a text/],
  [
    'headers with texts',
    (c, record) => c.forward({ ...record, headers: [{ key: 'a', value: 'b' }] }),
    /headers that are a list of \{ key, value \}, with bytes/,
  ],
])('refuses %s', async (_title, use, text) => {
  expect(await outcome(use)).toMatch(text)
})

it('takes what is usable', async () => {
  const use: Use = async (context, record) => {
    await context.store('pairs')['put']?.('a', 'b')
    context.store('pairs')['range']?.({ from: 'a', reverse: true })
    context.store('windows')['put']?.('a', 'b', 50)
    context.store('windows')['fetchRange']?.('a', 0, Number.POSITIVE_INFINITY)
    context.store('sessions')['put']?.({ key: 'a', window: { start: 50, end: 50 } }, 'b')
    await context.store('versions')['put']?.('a', 'b', 50)
    await context.store('versions')['get']?.('a')
    context.count('seen')
    await context.forward({ ...record, headers: [{ key: 'a', value: null }] })
  }
  expect(await outcome(use)).toBe('accepted')
})
