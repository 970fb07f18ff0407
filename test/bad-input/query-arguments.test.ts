import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  keyQuery,
  type Plan,
  prefixQuery,
  type Query,
  rangeQuery,
  reasonOf,
  sessionQuery,
  sessions,
  StreamsBuilder,
  string,
  systemClock,
  timestampedKeyQuery,
  timestampedRangeQuery,
  type TopicPartitionOffset,
  tumbling,
  versionedKeyQuery,
  versionsQuery,
  windowKeyQuery,
  windowRangeQuery,
} from '@millrace/core'
import { queryClient, QueryClientError } from '@millrace/query-client'
import { type QueryServer, queryServer, type QueryServerOptions } from '@millrace/query-server'
import { defineApplication, KafkaStreams, silentLogger } from '@millrace/runtime'
import { openTopics } from 'millrace'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  attempts,
  count,
  flag,
  only,
  options,
  optionalFn,
  type Slot,
  topic as text,
  wrongOutcome,
} from './argument-variants.ts'

/* What programs in JavaScript pass to the functions that load an application and read its stores, here and over HTTP. */

const texts = { key: string(), value: string() }
const client = memoryClient(new MemoryCluster({ clock: systemClock }))
const planOf = (): Plan => {
  const builder = new StreamsBuilder()
  builder.table('rows', { ...texts, store: 'rows' })
  const grouped = builder.stream('events', texts).groupByKey()
  grouped.windowedBy(tumbling({ sizeMs: 100, graceMs: 0 })).count({ store: 'windows' })
  grouped.windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 })).count({ store: 'sessions' })
  builder.table('history', { ...texts, store: { name: 'history', historyRetentionMs: 1_000_000 } })
  return builder.build()
}
const OPTIONS = { applicationId: 'asked', client, logger: silentLogger }
const streams = new KafkaStreams(planOf(), OPTIONS)
let server: QueryServer

beforeAll(async () => {
  const written = new Map<string, TopicPartitionOffset[]>()
  await using topics = await openTopics(client, { logger: silentLogger })
  for (const name of ['rows', 'events', 'history']) {
    await topics.create({ name, partitions: 1 })
    const [position] = await topics.write(name, texts, [{ key: 'text', value: 'v', timestamp: 5 }])
    written.set(name, [position!])
  }
  await streams.start()
  server = await queryServer(streams, { port: 0, logger: silentLogger })
  // A store without entries has no key to compare with, and does not look at that of the query.
  const stores = { rows: 'rows', windows: 'events', sessions: 'events', history: 'history' }
  for (const [store, topic] of Object.entries(stores)) {
    const query = { type: 'nothing' } as never
    const { partitions } = await streams.query({ store, query, after: written.get(topic)!, timeoutMs: 60_000 })
    expect(partitions.get(0)).toMatchObject({ reason: 'UNKNOWN_QUERY_TYPE' })
  }
})
afterAll(async () => {
  await server.close()
  await streams.close()
})

const TEXTS = ['text', 'empty text', 'unusable text']
const key = only('text', ...TEXTS)
const bound = only('text', 'missing', ...TEXTS)
const NUMBERS = ['number', 'negative', 'fraction']
const time = only(5, 'missing', ...NUMBERS)
const limit = only(5, 'missing', 'number')
const list = { reverse: flag(true), limit }
const times = options({ from: time, to: time, ...list })
const keys = options({ from: bound, to: bound, ...list })
const isolation = only('uncommitted', 'missing')
const position = only([{ topic: 'rows', partition: 0, offset: 0 }], 'missing', 'empty array')
const reading = { isolation, standbys: flag(true), maxLag: count(5, 'missing'), position }
const storeOptions = options({ ...reading, partial: flag(true) })
const kind = (valid: string) => only(valid)

/** A query is checked when it is made, or when it is asked. */
const asking =
  (store: string, make: (...args: never[]) => Query<unknown>) =>
  async (...args: readonly unknown[]) => {
    const { partitions } = await streams.query({ store, query: make(...(args as never[])) })
    for (const [, result] of partitions) if (!result.ok) throw new Error(`${result.reason}: ${result.message}`)
  }

/** Reads all that a store gives. */
const reader =
  (name: string, as: 'key-value' | 'window' | 'session' | 'versioned', method: string) =>
  async (...args: readonly unknown[]) => {
    const store = streams.store(name, as as 'key-value') as unknown as Record<
      string,
      (...args: readonly unknown[]) => unknown
    >
    const found: unknown = store[method]!(...args)
    if (typeof found === 'object' && found !== null && Symbol.asyncIterator in found)
      for await (const _one of found as AsyncIterable<unknown>);
    else await found
  }
const walk = options({ reverse: only(true, 'missing', 'true', 'false') })
const end = only(5, ...NUMBERS)
const range = options({ from: bound, to: bound, reverse: flag(true) }, ['empty object'])

const CALLS: readonly (readonly [title: string, (...args: never[]) => unknown, ...Slot[]])[] = [
  [
    'KafkaStreams.load',
    (...args: readonly [string, { readonly threads?: number }]) => KafkaStreams.load(...args),
    only(fileURLToPath(new URL('loaded-application.ts', import.meta.url))),
    options({ threads: only(1, 'missing', 'number') }),
  ],
  [
    'defineApplication',
    defineApplication,
    only(planOf()),
    options({ applicationId: text('app'), client: only(client, 'function') }, []),
  ],
  ['keyQuery', asking('rows', keyQuery), key],
  ['rangeQuery', asking('rows', rangeQuery), keys],
  ['prefixQuery', asking('rows', prefixQuery), key, only(string()), options(list)],
  ['timestampedKeyQuery', asking('rows', timestampedKeyQuery), key],
  ['timestampedRangeQuery', asking('rows', timestampedRangeQuery), keys],
  ['windowKeyQuery', asking('windows', windowKeyQuery), key, times],
  [
    'windowRangeQuery',
    asking('windows', windowRangeQuery),
    options({ from: time, to: time, ...list, keys: options({ from: bound, to: bound }) }),
  ],
  ['sessionQuery', asking('sessions', (range: object) => sessionQuery('text', range)), times],
  ['versionedKeyQuery', asking('history', versionedKeyQuery), key, options({ asOf: time })],
  ['versionsQuery', asking('history', versionsQuery), key, times],
  [
    'query',
    (...args) => streams.query(...(args as never as Parameters<typeof streams.query>)),
    options(
      {
        store: only('rows'),
        query: only(keyQuery('text')),
        partitions: only([0], 'missing', 'empty array'),
        after: only([], 'missing', 'empty array'),
        timeoutMs: only(5, 'missing', 'number', 'fraction'),
        ...reading,
      },
      [],
    ),
  ],
  [
    'watch',
    async (...args) => {
      // The first event of a checked live query.
      for await (const _event of streams.watch(...(args as never as Parameters<typeof streams.watch>))) break
    },
    options(
      {
        store: only('rows'),
        query: only(keyQuery('text'), 'missing', 'null'),
        partitions: only([0], 'missing'),
        resume: only(new Map([[0, { position: 0, at: 0 }]]), 'missing', 'Map'),
        maxBuffered: count(5, 'missing'),
        expired: only('each', 'missing'),
        signal: only(undefined, 'missing'),
      },
      [],
    ),
  ],
  [
    'store, by its name',
    (...args) => streams.store(...(args as never as ['rows', 'key-value'])),
    only('rows'),
    kind('key-value'),
    storeOptions,
  ],
  [
    'queryMetadataForKey',
    (...args) => streams.queryMetadataForKey(...(args as never as ['rows', string])),
    only('rows'),
    key,
    // It chooses by the key as it is, which then needs no serde.
    options({ partitioner: only(undefined, 'missing') }),
  ],
  // As in Kafka Streams, nobody has a store that does not exist.
  [
    'streamsMetadataForStore',
    (...args) => streams.streamsMetadataForStore(...(args as never as ['rows'])),
    only('rows', ...TEXTS),
  ],
  ['get of a store', reader('rows', 'key-value', 'get'), key],
  ['range of a store', reader('rows', 'key-value', 'range'), range],
  ['all of a store', reader('rows', 'key-value', 'all'), walk],
  ['prefixScan of a store', reader('rows', 'key-value', 'prefixScan'), key, only(string()), walk],
  ['fetch of a store of windows', reader('windows', 'window', 'fetch'), key, only(5, 'number')],
  ['fetchRange of a store of windows', reader('windows', 'window', 'fetchRange'), key, end, end, walk],
  ['fetchAll of a store of windows', reader('windows', 'window', 'fetchAll'), end, end, walk],
  [
    'fetchSession',
    (window: unknown) => reader('sessions', 'session', 'fetchSession')('text', window),
    only({ start: 1, end: 5 }),
  ],
  ['get of a versioned store', reader('history', 'versioned', 'get'), key, time],
  [
    'versions of a store',
    reader('history', 'versioned', 'versions'),
    key,
    options({ from: time, to: time, reverse: flag(true) }),
  ],
  [
    'queryServer',
    async (asked: typeof streams, settings: QueryServerOptions) => {
      // A port of the system's choice: another may be taken.
      const given = settings?.port === 42 ? { ...settings, port: 0 } : settings
      await (await queryServer(asked, given)).close()
    },
    only(streams),
    options(
      {
        port: only(0, 'number'),
        host: only('127.0.0.1', 'missing'),
        stores: only(['rows'], 'missing', 'empty array'),
        token: only('secret', 'missing', 'text'),
        tls: only(undefined, 'missing'),
        allowInsecure: flag(false),
        route: only('redirect', 'missing'),
        partitioners: only(undefined, 'missing', 'empty object'),
        timeoutMs: count(5, 'missing'),
        maxRequestBytes: count(5, 'missing'),
        maxAnswerBytes: count(5, 'missing'),
        maxConnections: count(5, 'missing'),
        maxRequests: count(5, 'missing'),
        maxLiveQueries: count(5, 'missing'),
        maxLiveBacklog: count(5, 'missing'),
        heartbeatMs: count(5, 'missing'),
        logger: only(silentLogger, 'missing'),
      },
      [],
    ),
  ],
]

const calls = CALLS.map(([title, subject, ...slots]) => ({ title, subject, slots }))

describe('the arguments of', () => {
  it.each(calls)('$title', async ({ subject, slots }) => {
    const wrong: string[] = []
    for (const attempt of attempts(slots)) {
      // As for all functions that are no methods of a topology, JavaScript ignores what is more than they take.
      if (attempt.title === 'an argument too many') continue
      const problem = await wrongOutcome(attempt, args => subject(...(args as never[])))
      if (problem !== undefined) wrong.push(problem)
    }
    expect(wrong).toEqual([])
  })
})

const remote = (given: object = {}) => queryClient({ url: server.url, retries: 0, ...given })
const remotePosition = only([], 'missing', 'empty array')
/** In the text of a request, a bigint is a number. */
const digits = (valid: number) => only(valid, 'missing', 'number', 'bigint')
const settings = {
  isolation,
  standbys: flag(true),
  maxLag: digits(5),
  route: only('local', 'missing'),
  after: remotePosition,
  position: remotePosition,
  signal: only(undefined, 'missing'),
}
const listSettings = options({
  ...settings,
  reverse: flag(true),
  limit: digits(5),
  from: digits(5),
  to: digits(5),
})
/** JSON has any key, and the server has the serde. */
const REMOTE: readonly (readonly [title: string, (...args: never[]) => unknown, ...Slot[]])[] = [
  [
    'queryClient',
    queryClient,
    options(
      {
        url: only('http://localhost:1'),
        token: only('secret', 'missing', 'text'),
        retries: count(5, 'missing'),
        backOffMs: count(5, 'missing'),
        maxBackOffMs: count(5, 'missing'),
        timeoutMs: count(5, 'missing'),
        fetch: optionalFn(fetch),
      },
      [],
    ),
  ],
  [
    'get',
    (...args) => remote().get(...(args as never as ['rows', 'text'])),
    only('rows'),
    key,
    options({ ...settings }),
  ],
  [
    'entries',
    async (...args) => {
      for await (const _entry of remote().entries(...(args as never as ['rows'])));
    },
    only('rows'),
    options({
      ...settings,
      from: bound,
      to: bound,
      reverse: flag(true),
      partition: only(0, 'missing'),
      pageSize: digits(5),
    }),
  ],
  ...(['live', 'liveWindows'] as const).map((method): (typeof REMOTE)[number] => [
    method,
    async (...args) => {
      const [store, ...rest] = args as never as ['rows']
      for await (const _event of remote()[method](store, ...rest)) break
    },
    only(method === 'live' ? 'rows' : 'windows'),
    options({
      from: bound,
      to: bound,
      partition: only(0, 'missing'),
      signal: only(undefined, 'missing'),
    }),
  ]),
  [
    'live, by a prefix',
    async (...args) => {
      for await (const _event of remote().live(...(args as never as ['rows']))) break
    },
    only('rows'),
    options({ prefix: only('text', 'missing', ...TEXTS) }),
  ],
  [
    'windows',
    (...args) => remote().windows(...(args as never as ['windows', 'text'])),
    only('windows'),
    key,
    listSettings,
  ],
  [
    'sessions',
    (...args) => remote().sessions(...(args as never as ['sessions', 'text'])),
    only('sessions'),
    key,
    listSettings,
  ],
  [
    'versions',
    (...args) => remote().versions(...(args as never as ['history', 'text'])),
    only('history'),
    key,
    listSettings,
  ],
]

describe('the arguments of the client', () => {
  it.each(REMOTE.map(([title, subject, ...slots]) => ({ title, subject, slots })))(
    '$title',
    async ({ subject, slots }) => {
      const wrong: string[] = []
      for (const { title, args, usable } of attempts(slots)) {
        if (title === 'an argument too many') continue
        let failure: unknown
        try {
          await subject(...(args as never[]))
        } catch (error) {
          failure = error
        }
        if (usable ? failure !== undefined : !(failure instanceof QueryClientError && failure.hint !== ''))
          wrong.push(`${title}: ${failure === undefined ? 'accepted' : reasonOf(failure)}`)
      }
      expect(wrong).toEqual([])
    },
  )
})
