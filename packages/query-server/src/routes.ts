import type { ErrorCode } from '@millrace/core'

/** A parameter as it stands in a path or behind its question mark, in the words of OpenAPI. */
export interface Parameter {
  readonly in: 'path' | 'query'
  readonly description: string
  readonly schema: {
    readonly type: 'string' | 'integer' | 'boolean'
    readonly enum?: readonly string[]
    readonly minimum?: number
    readonly maximum?: number
    readonly default?: string | number | boolean
  }
}

export interface Route {
  readonly path: string
  readonly summary: string
  readonly parameters: Readonly<Record<string, Parameter>>
  /** The schema of its answer. Text where there is none. */
  readonly answer?: Readonly<Record<string, unknown>>
  /** The answer is an event stream. */
  readonly stream?: true
  /** Answered without a token: says nothing of the application but that it works. */
  readonly open?: true
  readonly errors: readonly ErrorCode[]
}

const DEFAULT_LIMIT = 1_000
const MAX_LIMIT = 10_000

const store = {
  store: { in: 'path', description: 'The name of the store.', schema: { type: 'string' } },
} satisfies Route['parameters']

const as = {
  as: {
    in: 'query',
    description:
      'How keys are written: `text` is a string, `json` any value in the form of the answers, `base64` the bytes of the key as its serde writes them.',
    schema: { type: 'string', enum: ['text', 'json', 'base64'], default: 'text' },
  },
} satisfies Route['parameters']

const key = {
  ...store,
  key: { in: 'path', description: 'The key, percent-encoded.', schema: { type: 'string' } },
  ...as,
} satisfies Route['parameters']

const read = {
  isolation: {
    in: 'query',
    description: 'What may be read. Default: `committed` under `exactly_once`, otherwise `uncommitted`.',
    schema: { type: 'string', enum: ['committed', 'uncommitted'] },
  },
  standbys: { in: 'query', description: 'Whether a standby may answer.', schema: { type: 'boolean', default: false } },
  maxLag: {
    in: 'query',
    description: 'How many records of its changelog a standby may be behind.',
    schema: { type: 'integer', minimum: 0 },
  },
  after: {
    in: 'query',
    description:
      'Waits until the state includes these records and all that was made from them: `topic:partition:offset`, several with commas between them.',
    schema: { type: 'string' },
  },
  position: {
    in: 'query',
    description:
      'The state must include these records of the input of the store. Written as `after`, but not waited for.',
    schema: { type: 'string' },
  },
  route: {
    in: 'query',
    description:
      'Who answers for a partition of another instance: the server fetches the answer, redirects (keys only), or answers 503. Default: as the server is configured.',
    schema: { type: 'string', enum: ['forward', 'redirect', 'local'] },
  },
} satisfies Route['parameters']

const limit = {
  limit: {
    in: 'query',
    description: 'The maximum number of entries.',
    schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
  },
  reverse: { in: 'query', description: 'Whether to begin at the end.', schema: { type: 'boolean', default: false } },
} satisfies Route['parameters']

const partition = {
  partition: {
    in: 'query',
    description: 'Only this partition.',
    schema: { type: 'integer', minimum: 0 },
  },
} satisfies Route['parameters']

const time = {
  from: {
    in: 'query',
    description: 'The first time, in milliseconds since the epoch.',
    schema: { type: 'integer', minimum: 0 },
  },
  to: {
    in: 'query',
    description: 'The last time, in milliseconds since the epoch.',
    schema: { type: 'integer', minimum: 0 },
  },
} satisfies Route['parameters']

const value = {
  description: 'A value as JSON. `$bigint`, `$bytes`, `$date` and others mark what JSON has no word for.',
}
const entry = (of: string) => ({
  type: 'array',
  description: of,
  prefixItems: [value, value],
  minItems: 2,
  maxItems: 2,
})
const source = { type: 'string', enum: ['active', 'standby', 'global'] }
const list = (items: object) => ({
  type: 'object',
  required: ['entries'],
  properties: { entries: { type: 'array', items } },
})

const PASSING: readonly ErrorCode[] = [
  'MILLRACE_QUERY_INCOMPLETE',
  'MILLRACE_QUERY_NOT_RUNNING',
  'MILLRACE_SERVER_OWNER_UNREACHABLE',
  'MILLRACE_SERVER_BUSY',
]
const COMMON: readonly ErrorCode[] = [
  'MILLRACE_SERVER_UNAUTHORIZED',
  'MILLRACE_SERVER_REQUEST',
  'MILLRACE_SERVER_REQUEST_TOO_LARGE',
]
const OF_STORE: readonly ErrorCode[] = [
  ...COMMON,
  'MILLRACE_STORE_UNKNOWN',
  'MILLRACE_QUERY_STORE_KIND',
  'MILLRACE_QUERY_INVALID',
  'MILLRACE_QUERY_AFTER_IMPOSSIBLE',
  'MILLRACE_SERVER_RESULT_TOO_LARGE',
  'MILLRACE_SERVER_FAILED',
  ...PASSING,
]

/** Everything that the server answers. The OpenAPI description and the checks of parameters are made from it. */
export const ROUTES = {
  stores: {
    path: '/stores',
    summary: 'The stores that can be read.',
    parameters: {},
    answer: {
      type: 'object',
      required: ['stores'],
      properties: {
        stores: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name', 'kind', 'timestamped'],
            properties: {
              name: { type: 'string' },
              kind: { type: 'string', enum: ['key-value', 'window', 'session', 'versioned'] },
              timestamped: { type: 'boolean' },
            },
          },
        },
      },
    },
    errors: COMMON,
  },
  key: {
    path: '/stores/{store}/keys/{key}',
    summary: 'The value of a key of a key-value or versioned store.',
    parameters: {
      ...key,
      ...read,
      asOf: {
        in: 'query',
        description: 'Versioned stores only: the version that was valid at this time, in milliseconds since the epoch.',
        schema: { type: 'integer', minimum: 0 },
      },
    },
    answer: {
      type: 'object',
      required: ['value', 'partition', 'source'],
      properties: {
        value,
        timestamp: { type: 'integer', description: 'Of stores with timestamps.' },
        validTo: { type: 'integer', description: 'Of versioned stores: until when the version was valid.' },
        partition: { type: 'integer' },
        source,
      },
    },
    errors: [...OF_STORE, 'MILLRACE_SERVER_KEY_UNKNOWN'],
  },
  entries: {
    path: '/stores/{store}/entries',
    summary:
      'A page of the entries of a key-value store: partition after partition, in the order of the bytes of the keys. It is the last page if it has no cursor.',
    parameters: {
      ...store,
      ...as,
      from: { in: 'query', description: 'The first key.', schema: { type: 'string' } },
      to: { in: 'query', description: 'The last key.', schema: { type: 'string' } },
      prefix: {
        in: 'query',
        description: 'With what the bytes of the keys start. Not together with `from` and `to`.',
        schema: { type: 'string' },
      },
      ...limit,
      ...partition,
      cursor: { in: 'query', description: 'The cursor of the page before.', schema: { type: 'string' } },
      ...read,
    },
    answer: {
      type: 'object',
      required: ['entries'],
      properties: { entries: { type: 'array', items: entry('key and value') }, cursor: { type: 'string' } },
    },
    errors: OF_STORE,
  },
  follow: {
    path: '/stores/{store}/live',
    summary:
      'Follows a store as an event stream: `snapshot` events with the entries of each partition, then `changes` with what each commit changes. Keys of windows and sessions are `{ key, start, end }`; `expired` of a `changes` event says that those whose start or end (`by`) is before a time (`before`) are gone. Of versioned stores the latest versions are followed. `waiting` says that a partition cannot be followed at the moment, `error` why the stream ends. The header `Last-Event-ID` goes on where another stream has ended.',
    parameters: {
      ...store,
      ...as,
      key: { in: 'query', description: 'Only this key.', schema: { type: 'string' } },
      from: { in: 'query', description: 'The first key.', schema: { type: 'string' } },
      to: { in: 'query', description: 'The last key.', schema: { type: 'string' } },
      prefix: {
        in: 'query',
        description: 'With what the bytes of the keys start. Not together with `from` and `to`.',
        schema: { type: 'string' },
      },
      ...partition,
      route: {
        in: 'query',
        description: 'Whether partitions of other instances are followed there (`forward`) or not at all (`local`).',
        schema: { type: 'string', enum: ['forward', 'local'], default: 'forward' },
      },
    },
    stream: true,
    errors: [...OF_STORE, 'MILLRACE_SERVER_LIVE_LIMIT'],
  },
  windowsOfKey: {
    path: '/stores/{store}/windows/{key}',
    summary: 'The windows of a key that start in a range of time.',
    parameters: { ...key, ...time, ...limit, ...read },
    answer: list(entry('start of the window in milliseconds, and value')),
    errors: OF_STORE,
  },
  windows: {
    path: '/stores/{store}/windows',
    summary: 'The windows of all keys that start in a range of time, partition after partition.',
    parameters: { ...store, ...time, ...limit, ...partition, ...read },
    answer: list(entry('key, start and end of the window, and value')),
    errors: OF_STORE,
  },
  sessions: {
    path: '/stores/{store}/sessions/{key}',
    summary: 'The sessions of a key that overlap a range of time.',
    parameters: { ...key, ...time, ...limit, ...read },
    answer: list(entry('key, start and end of the session, and value')),
    errors: OF_STORE,
  },
  versions: {
    path: '/stores/{store}/versions/{key}',
    summary: 'The versions of a key that were valid in a range of time.',
    parameters: { ...key, ...time, ...limit, ...read },
    answer: list({
      type: 'object',
      required: ['value', 'timestamp'],
      properties: { value, timestamp: { type: 'integer' }, validTo: { type: 'integer' } },
    }),
    errors: OF_STORE,
  },
  metrics: {
    path: '/metrics',
    summary: 'The metrics of this instance in the text format of Prometheus.',
    parameters: {},
    errors: COMMON,
  },
  openapi: {
    path: '/openapi.json',
    summary: 'This description.',
    parameters: {},
    answer: { type: 'object' },
    errors: COMMON,
  },
  live: {
    path: '/livez',
    summary: 'Status 200 unless the application has stopped, then 503.',
    parameters: {},
    open: true,
    errors: [],
  },
  ready: {
    path: '/readyz',
    summary:
      'Status 200 while the application is running, 503 while tasks are being moved or restored, or while a standby is more than ' +
      '`maxStandbyLag` behind, if the server has that option.',
    parameters: {},
    open: true,
    errors: [],
  },
} as const satisfies Readonly<Record<string, Route>>

export type RouteName = keyof typeof ROUTES
