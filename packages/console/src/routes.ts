/** A path of the console below its own, as OpenAPI describes it. */
export interface ConsoleRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly summary: string
  readonly query: Readonly<
    Record<string, { readonly description: string; readonly minimum: number; readonly maximum?: number }>
  >
  /** Of the body of a POST. */
  readonly body?: object
  readonly contentType: 'application/json' | 'text/html' | 'text/plain'
  /** Answered without a token: it says nothing of the application. */
  readonly open?: true
}

const integer = { type: 'integer', minimum: 0 }
const JSON_ANSWER = { query: {}, contentType: 'application/json' } as const

const records = {
  limit: { description: 'How many, at most. Default: 50.', minimum: 1, maximum: 500 },
  partition: { description: 'Only of this partition.', minimum: 0 },
  before: { description: 'Only offsets below this one.', minimum: 0 },
} as const

/** Everything that the console answers. */
export const CONSOLE_ROUTES = {
  page: { method: 'GET', path: '/console', summary: 'The page.', query: {}, contentType: 'text/html', open: true },
  topology: {
    ...JSON_ANSWER,
    method: 'GET',
    path: '/console/api/topology',
    summary: 'What does not change while the application runs: the graph, stores, topics and options.',
  },
  status: {
    ...JSON_ANSWER,
    method: 'GET',
    path: '/console/api/status',
    summary: 'What the application does at the moment: instances, tasks, lag, restores, counters.',
  },
  history: {
    ...JSON_ANSWER,
    method: 'GET',
    path: '/console/api/history',
    summary: 'Events, and counters of left-out records over time, since the console was started.',
  },
  records: {
    ...JSON_ANSWER,
    method: 'GET',
    path: '/console/api/topics/{topic}/records',
    summary: 'The latest records of a topic of the application, decoded by its serdes, newest first.',
    query: records,
  },
  letters: {
    ...JSON_ANSWER,
    method: 'GET',
    path: '/console/api/dead-letters',
    summary: 'The latest dead letters, newest first.',
    query: records,
  },
  resend: {
    ...JSON_ANSWER,
    method: 'POST',
    path: '/console/api/dead-letters/resend',
    summary: 'Sends dead letters back to the partitions that they came from.',
    body: {
      type: 'object',
      required: ['confirm', 'letters'],
      properties: {
        confirm: { const: true, description: 'Nothing is sent without it.' },
        letters: {
          type: 'array',
          minItems: 1,
          maxItems: 1000,
          items: {
            type: 'object',
            required: ['partition', 'offset'],
            properties: { partition: integer, offset: integer },
          },
        },
      },
    },
  },
  slice: {
    ...JSON_ANSWER,
    method: 'POST',
    path: '/console/api/slice',
    summary:
      'A test that replays records of a partition through the topology. The topology runs once for it, in this process.',
    body: {
      type: 'object',
      required: ['topic', 'partition', 'from', 'to'],
      properties: {
        topic: { type: 'string' },
        partition: integer,
        from: integer,
        to: { ...integer, description: 'Exclusive; at most 10000 after from.' },
      },
    },
  },
} as const satisfies Readonly<Record<string, ConsoleRoute>>

export type ConsoleRouteName = keyof typeof CONSOLE_ROUTES
