import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { cbor } from '@millrace/binary-serdes/cbor'
import { msgpack } from '@millrace/binary-serdes/msgpack'
import { json, string, systemClock } from '@millrace/core'
import { forgetPerson, masterKey, personalData } from '@millrace/personal-data'
import { silentLogger } from '@millrace/runtime'
import { avro as typedAvro, existingRegistry, schemaRegistry, startRegistry } from '@millrace/schema-registry'
import { jsonSchema as typedJsonSchema } from '@millrace/schema-registry/json-schema'
import { protobuf as typedProtobuf } from '@millrace/schema-registry/protobuf'
import { expect, it } from 'vitest'
import { attempts, count, flag, fn, only, options, optionalFn, type Slot, wrongOutcome } from './argument-variants.ts'

/* What programs in JavaScript pass to the packages for schemas and personal data. */

type Untyped = (schema: unknown, options: unknown) => unknown
const avro = typedAvro as unknown as Untyped
const jsonSchema = typedJsonSchema as Untyped
const protobuf = typedProtobuf as Untyped

const cluster = new MemoryCluster({ clock: systemClock })
const client = only(memoryClient(cluster))
const registry = only(schemaRegistry({ url: 'http://localhost:8081' }))
const credential = (valid: string) => only(valid, 'text', 'unusable text', 'empty text')
const optionalText = (valid: string) => only(valid, 'missing', 'text', 'unusable text')
const common = {
  registry,
  side: only('key', 'missing'),
  subject: only('record', 'missing', 'function'),
  register: only('require', 'missing'),
  normalize: flag(true),
  schemaId: only('header', 'missing'),
}
const reference = (named: string, schema: object): Slot => ({
  valid: [{ name: named, subject: 'other', version: 1, schema }],
  takes: ['missing', 'empty array'],
})
const serdeName = only('n', 'missing', 'text', 'empty text', 'unusable text')
const logger = only(silentLogger, 'missing')
const factor = count(1, 'missing')
const master = masterKey(Buffer.alloc(32, 7))

const JSON_SCHEMA = { title: 'Order', type: 'object' } as const
const RECORD = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }] } as const
const OTHER = { ...RECORD, name: 'Other' }
const PROTO = 'syntax = "proto3"; message Order { int64 id = 1; }'

const closing =
  <Args extends readonly unknown[]>(make: (...args: Args) => AsyncDisposable | Promise<AsyncDisposable>) =>
  async (...args: Args) => {
    await using _made = await make(...args)
  }
const personal = personalData({ client: memoryClient(cluster), masterKey: master })
const newTopics = () => ({ client: memoryClient(cluster), masterKey: master, topic: 'keys-of-persons' })

const CALLS: readonly (readonly [title: string, (...args: never[]) => unknown, ...Slot[]])[] = [
  [
    'schemaRegistry',
    schemaRegistry,
    options(
      {
        url: only('http://localhost:8081'),
        auth: options({ username: credential('ada'), password: credential('secret') }, ['missing']),
        timeoutMs: count(5, 'missing'),
        fetch: optionalFn(() => Promise.reject(new Error('not called'))),
      },
      [],
    ),
  ],
  ['existingRegistry', existingRegistry, only({ api: { Schema: { find: () => undefined }, Subject: {} } })],
  [
    'avro',
    avro,
    // A union of no types, which Java takes as well.
    only(RECORD, 'empty array'),
    options(
      {
        ...common,
        references: reference('Other', OTHER),
        longs: only('bigint', 'missing'),
        logicalTypes: only({}, 'missing', 'empty object'),
      },
      [],
    ),
  ],
  [
    'jsonSchema',
    jsonSchema,
    only(JSON_SCHEMA, 'true', 'false', 'empty object', 'misspelt option'),
    options(
      {
        ...common,
        subject: only('topic', 'missing', 'function'),
        validate: only('both', 'missing'),
        formats: flag(false),
        references: reference('other.json', JSON_SCHEMA),
      },
      [],
    ),
  ],
  [
    'protobuf, with the text of a file',
    protobuf,
    only(PROTO),
    options(
      {
        ...common,
        unknownFields: only('drop', 'missing'),
        referenceSubject: optionalFn((path: string) => path),
        message: only('Order', 'missing'),
        imports: only({}, 'missing', 'empty object'),
      },
      [],
    ),
  ],
  [
    'startRegistry, in memory',
    closing(startRegistry),
    options({ port: only(0, 'missing', 'number'), host: only('127.0.0.1', 'missing') }),
  ],
  [
    'startRegistry, in a topic',
    closing(startRegistry),
    options({ client, topic: only('_schemas', 'missing', 'text'), replicationFactor: factor, logger }),
  ],
  [
    'personalData',
    closing(personalData),
    options(
      {
        client,
        masterKey: only(master),
        topic: optionalText('keys'),
        replicationFactor: factor,
        refreshMs: count(5, 'missing'),
        maxStaleMs: count(5, 'missing'),
        clock: only(systemClock, 'missing'),
        logger,
      },
      [],
    ),
  ],
  [
    'the serde of personalData',
    (...args) => personal.serde(...(args as unknown as Parameters<typeof personal.serde>)),
    only(json()),
    options({ subject: fn(() => 'ada'), fields: only(['name']), acceptPlain: flag(true) }, []),
  ],
  [
    'ensure of personalData',
    (...args: readonly string[]) => personal.ensure(args[0]!),
    only('ada', 'text', 'unusable text'),
  ],
  [
    'forget of personalData',
    (...args: readonly string[]) => personal.forget(args[0]!),
    only('ada', 'text', 'unusable text'),
  ],
  ['masterKey', masterKey, only(Buffer.alloc(32)), only('2027', 'missing', 'text', 'unusable text')],
  [
    'forgetPerson',
    forgetPerson,
    options(
      {
        client,
        subject: only('ada', 'text', 'unusable text'),
        topic: only('keys-of-persons', 'missing', 'text'),
        dryRun: flag(true),
      },
      [],
    ),
  ],
  ['msgpack', msgpack, options({ name: serdeName, propertyOrder: only('sorted', 'missing') })],
  ['cbor', cbor, options({ name: serdeName })],
]

const calls = CALLS.map(([title, subject, ...slots]) => ({ title, subject, slots }))

it.each(calls)('the arguments of $title', async ({ subject, slots }) => {
  await using keys = personalData(newTopics())
  await keys.ensure('ada')
  const wrong: string[] = []
  for (const attempt of attempts(slots)) {
    // As for all functions that are no methods of a topology, JavaScript ignores what is more than they take.
    if (attempt.title === 'an argument too many') continue
    const problem = await wrongOutcome(attempt, args => subject(...(args as never[])))
    if (problem !== undefined) wrong.push(problem)
  }
  expect(wrong).toEqual([])
})

it.each<[string, () => unknown, RegExp]>([
  [
    'a reference without a subject',
    () => avro(RECORD, { registry: registry.valid as never, references: [{ name: 'Other', schema: OTHER } as never] }),
    /references\[0\]\.subject/,
  ],
  [
    'a misspelt option of a nested reference',
    () =>
      jsonSchema(JSON_SCHEMA, {
        registry: registry.valid as never,
        references: [
          { name: 'a', subject: 'a', schema: {}, references: [{ name: 'b', subjekt: 'b', schema: {} }] } as never,
        ],
      }),
    /references\[0\]\.references\[0\]\.subjekt/,
  ],
  ['options of Confluent', () => avro(RECORD, { registry: registry.valid, autoRegisterSchemas: true }), /register/],
  [
    'a serde that was not called',
    () => personal.serde(string as never, {} as never),
    /call the function, as string\(\)/,
  ],
  [
    'a message beside a list',
    () => protobuf([{ kind: 'message' }] as never, { registry: registry.valid as never }),
    /protoc-gen-es/,
  ],
])('%s is named', (_what, call, expected) => {
  expect(call).toThrow(expected)
})

it('a port that is taken is named', async () => {
  await using running = await startRegistry()
  const port = Number(new URL(running.url).port)
  await expect(startRegistry({ port })).rejects.toMatchObject({
    code: 'MILLRACE_CONFIG_INVALID',
    message: expect.stringContaining(`${port}`) as unknown,
  })
})
