import {
  type Entry,
  keyQuery,
  millraceError,
  type Query,
  sessionQuery,
  type StorePlan,
  timestampedKeyQuery,
  type ValueAndTimestamp,
  type VersionedRecord,
  versionedKeyQuery,
  versionsQuery,
  type Windowed,
  type WindowedEntry,
  type WindowEntry,
  windowKeyQuery,
  windowRangeQuery,
} from '@millrace/core'
import { prometheusText } from '@millrace/runtime'
import { type JsonForm, toJsonForm } from '@millrace/query-client'
import { entriesPage } from './entries-page.ts'
import type { Answer } from './http-failure.ts'
import { liveStream } from './live-route.ts'
import { openApi } from './openapi.ts'
import { type Asked, listIn, partitionOfKey, readPartition } from './read-partition.ts'
import { requestKey } from './request-key.ts'
import type { RouteName } from './routes.ts'
import type { QueriedStreams, ServerSettings } from './server-options.ts'
import { windowForm } from './window-form.ts'

type Kind = StorePlan['kind']

/** The routes that read a store, and the kinds of stores that they read. */
export const STORE_ROUTES = {
  key: { kinds: ['key-value', 'versioned'], handle: oneKey },
  entries: { kinds: ['key-value'], handle: entriesPage },
  follow: { kinds: ['key-value', 'window', 'session', 'versioned'], handle: liveStream },
  windowsOfKey: { kinds: ['window'], handle: windowsOfKey },
  windows: { kinds: ['window'], handle: allWindows },
  sessions: { kinds: ['session'], handle: sessionsOfKey },
  versions: { kinds: ['versioned'], handle: versionsOfKey },
} as const satisfies Partial<Record<RouteName, StoreRoute>>

export interface StoreRoute {
  readonly kinds: readonly Kind[]
  readonly handle: (asked: Asked) => Promise<Answer>
}

/** The routes that are about the instance. */
export const INSTANCE_ROUTES: Readonly<
  Record<
    Exclude<RouteName, keyof typeof STORE_ROUTES>,
    (streams: QueriedStreams, settings: ServerSettings) => Answer | Promise<Answer>
  >
> = {
  stores: ({ plan }, { stores }) => ok({ stores: plan.stores.filter(({ name }) => stores.has(name)).map(infoOf) }),
  openapi: () => ok(openApi()),
  metrics: streams => ({
    status: 200,
    body: prometheusText(streams.metrics()),
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
  }),
  live: ({ state }) => health(state !== 'ERROR' && state !== 'PENDING_ERROR' && state !== 'NOT_RUNNING', state),
  ready: async (streams, { maxStandbyLag }) => {
    const { state } = streams
    if (state !== 'RUNNING' || maxStandbyLag === undefined) return health(state === 'RUNNING', state)
    const behind = storesBehind(await streams.allLocalStorePartitionLags(), maxStandbyLag)
    return health(behind.length === 0, [state, ...behind].join('\n'))
  },
}

/** A line for each store that is further behind its changelog than `maxLag`. */
function storesBehind(lags: Awaited<ReturnType<QueriedStreams['allLocalStorePartitionLags']>>, maxLag: number) {
  return [...lags].flatMap(([store, byPartition]) =>
    [...byPartition]
      .filter(([, { lag }]) => lag > maxLag)
      .map(([partition, { lag }]) => `partition ${partition} of ${store} is ${lag} records behind its changelog`),
  )
}

function infoOf({ name, kind, timestamped }: StorePlan) {
  return { name, kind, timestamped }
}

function health(good: boolean, state: string): Answer {
  return { status: good ? 200 : 503, body: `${state}\n`, contentType: 'text/plain; charset=utf-8' }
}

async function oneKey(asked: Asked): Promise<Answer> {
  const { given, plan } = asked
  const { as, asOf } = given
  if (asOf !== undefined && plan.kind !== 'versioned')
    throw millraceError('MILLRACE_SERVER_REQUEST', { parameter: 'asOf', reason: 'the store has no versions' })
  const key = await requestKey(given.key, as, plan)
  const partition = await partitionOfKey(asked, key)
  const query: Query<unknown> =
    plan.kind === 'versioned'
      ? versionedKeyQuery(key.key, asOf === undefined ? {} : { asOf })
      : plan.timestamped
        ? timestampedKeyQuery(key.key)
        : keyQuery(key.key)
  const { here, there } = await readPartition(asked, query, partition, {}, true)
  if (there !== undefined) return there
  if (here.value === undefined || here.value === null)
    throw millraceError('MILLRACE_SERVER_KEY_UNKNOWN', { store: plan.name })
  const { value, ...times } =
    plan.kind === 'versioned'
      ? versionForm(here.value as VersionedRecord<unknown>)
      : plan.timestamped
        ? rowForm(here.value as ValueAndTimestamp<unknown>)
        : { value: toJsonForm(here.value) }
  return ok({ value, ...times, partition, source: here.source })
}

async function windowsOfKey(asked: Asked): Promise<Answer> {
  const { plan } = asked
  const form = ([start, value]: WindowEntry<unknown>): JsonForm => [start, windowValue(plan, value)]
  return await listOfKey(asked, key => windowKeyQuery(key, rangeOf(asked)), form as (entry: unknown) => JsonForm)
}

async function sessionsOfKey(asked: Asked): Promise<Answer> {
  const form = ([key, value]: WindowedEntry<unknown, unknown>): JsonForm => [windowForm(key), toJsonForm(value)]
  return await listOfKey(asked, key => sessionQuery(key, rangeOf(asked)), form as (entry: unknown) => JsonForm)
}

async function versionsOfKey(asked: Asked): Promise<Answer> {
  const form = (version: VersionedRecord<unknown>): JsonForm => ({ ...versionForm(version) })
  return await listOfKey(asked, key => versionsQuery(key, rangeOf(asked)), form as (entry: unknown) => JsonForm)
}

async function listOfKey(
  asked: Asked,
  queryOf: (key: unknown) => Query<unknown>,
  form: (entry: unknown) => JsonForm,
): Promise<Answer> {
  const { given, plan } = asked
  const key = await requestKey(given.key, given.as, plan)
  const partition = await partitionOfKey(asked, key)
  const { here, there } = await readPartition(asked, queryOf(key.key), partition, {}, true)
  if (there !== undefined) return there
  return ok({ entries: whole(asked, here.value as readonly unknown[], here.more).map(form) })
}

/** All partitions, or one. There are no pages: their windows have no order over all keys in which one could go on. */
async function allWindows(asked: Asked): Promise<Answer> {
  const { given, counts, plan } = asked
  const count = await counts.of(plan.name)
  const partitions = given.partition === undefined ? Array.from({ length: count }, (_, n) => n) : [given.partition]
  const query = windowRangeQuery<unknown>(rangeOf(asked))
  const entries: JsonForm[] = []
  for (const partition of partitions) {
    const { here, there } = await readPartition(asked, query, partition, { partition: String(partition) }, false)
    const body = there === undefined ? undefined : listIn(there)
    if (there !== undefined && body === undefined) return there
    const found = here === undefined ? body!.entries : whole(asked, windowEntries(here.value), here.more).map(formOf)
    entries.push(...found)
    whole(asked, entries, false)
  }
  return ok({ entries })

  function formOf([key, value]: Entry<Windowed<unknown>, unknown>): JsonForm {
    return [windowForm(key), windowValue(plan, value)]
  }
}

function windowEntries(value: unknown): readonly WindowedEntry<unknown, unknown>[] {
  return value as readonly WindowedEntry<unknown, unknown>[]
}

/** @throws MILLRACE_SERVER_RESULT_TOO_LARGE if there is more than what was asked for */
function whole<T>({ given: { limit }, plan }: Asked, entries: readonly T[], more: boolean): readonly T[] {
  if (!more && entries.length <= limit) return entries
  const reason = `it has more than ${limit} entries`
  throw millraceError('MILLRACE_SERVER_RESULT_TOO_LARGE', { store: plan.name, reason })
}

function rangeOf({ given }: Asked) {
  const { from, to, reverse, limit } = given
  return {
    ...(from !== undefined && { from: from as number }),
    ...(to !== undefined && { to: to as number }),
    reverse,
    limit,
  }
}

function windowValue({ timestamped }: StorePlan, value: unknown): JsonForm {
  return toJsonForm(timestamped ? (value as ValueAndTimestamp<unknown>).value : value)
}

function rowForm({ value, timestamp }: ValueAndTimestamp<unknown>) {
  return { value: toJsonForm(value), timestamp }
}

function versionForm({ value, timestamp, validTo }: VersionedRecord<unknown>) {
  return { value: toJsonForm(value), timestamp, ...(validTo !== undefined && { validTo }) }
}

function ok(body: unknown): Answer {
  return { status: 200, body }
}
