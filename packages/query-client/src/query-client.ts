import { checkOptions, checkSettings, invalid } from './check-options.ts'
import { answerOf, type HttpOptions, understood } from './http-answers.ts'
import { HeldWindows } from './held-windows.ts'
import { fromJsonForm, toJsonForm } from './json-form.ts'
import { type LiveEvent, liveEvents } from './live-events.ts'
import { QueryClientError } from './query-client-error.ts'

/** The stores of an application by name, with the types of their keys and values. */
export type StoreTypes = Readonly<Record<string, { readonly key: unknown; readonly value: unknown }>>

export interface QueryClientOptions {
  /** The address of any instance, such as `http://localhost:8080`. Of several addresses the next one is tried when one does not answer. */
  readonly url: string | URL | readonly (string | URL)[]
  /** @default none */
  readonly token?: string
  /** How often a question is asked again after a 503, or if there was no answer. @default 5 */
  readonly retries?: number
  /** The wait before the first repetition, in milliseconds. It doubles each time. @default 100 */
  readonly backOffMs?: number
  /** The longest wait between two attempts, in milliseconds. @default 5000 */
  readonly maxBackOffMs?: number
  /** How long one attempt may take, in milliseconds. @default 15000 */
  readonly timeoutMs?: number
  /** @default the global `fetch` */
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>
}

/** The last records of partitions, such as `topics.write` returns them. */
export type PositionOf = readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]

export interface ReadSettings {
  /** What may be read. @default 'committed' under exactly_once, otherwise 'uncommitted' */
  readonly isolation?: 'committed' | 'uncommitted'
  /** Whether a standby may answer. @default false */
  readonly standbys?: boolean
  /** How many records a standby may be behind. @default unlimited */
  readonly maxLag?: number
  /** Waits until the state includes these records, as a write has returned them, and all that was made from them. */
  readonly after?: PositionOf
  /** The state must include these records of the store's own input, or the read fails. */
  readonly position?: PositionOf
  /** Who answers if another instance has the key. @default as the server is configured */
  readonly route?: 'forward' | 'redirect' | 'local'
  readonly signal?: AbortSignal
}

export interface ListSettings extends ReadSettings {
  readonly reverse?: boolean
  /** The maximum number of entries of one answer. An answer that would have more is refused. @default 1000 */
  readonly limit?: number
}

/** Times in milliseconds since the epoch, both inclusive. */
export interface TimeSettings extends ListSettings {
  readonly from?: number
  readonly to?: number
}

export interface EntrySettings<K> extends ReadSettings {
  /** Both bounds are inclusive, by the bytes of the key. */
  readonly from?: K
  readonly to?: K
  /** The text with which the bytes of the keys start. Not together with `from` and `to`. */
  readonly prefix?: string
  readonly reverse?: boolean
  /** Only this partition. @default all, one after the other */
  readonly partition?: number
  /** Entries of one request. @default 1000 */
  readonly pageSize?: number
}

/** What is followed: all entries unless a key, bounds or a prefix say otherwise. */
export interface LiveSettings<K> {
  readonly key?: K
  /** Both bounds are inclusive, by the bytes of the key. */
  readonly from?: K
  readonly to?: K
  /** The text with which the bytes of the keys start. Not together with the others. */
  readonly prefix?: string
  /** Only this partition. @default all */
  readonly partition?: number
  readonly signal?: AbortSignal
}

/** A value, and the state that it was read from. */
export interface Found<V> {
  readonly value: V
  /** Milliseconds since the epoch, of stores with timestamps. */
  readonly timestamp?: number
  /** Of versioned stores: until when the version was valid. */
  readonly validTo?: number
  readonly partition: number
  readonly source: 'active' | 'standby' | 'global'
}

export interface WindowOf<K> {
  readonly key: K
  readonly start: number
  readonly end: number
}

export interface VersionOf<V> {
  readonly value: V
  readonly timestamp: number
  readonly validTo?: number
}

export interface StoreInfo {
  readonly name: string
  readonly kind: 'key-value' | 'window' | 'session' | 'versioned'
  readonly timestamped: boolean
}

type NameOf<Stores> = keyof Stores & string
type QueryParameters = Readonly<Record<string, string | number | boolean | undefined>>

const JSON_KEY = { as: 'json' } as const
const DEFAULTS = { retries: 5, backOffMs: 100, maxBackOffMs: 5_000, timeoutMs: 15_000 }

/**
 * Makes a client that reads the stores of an application from its query servers. Needs `fetch` and nothing else.
 *
 * @example
 * const client = queryClient<{ counts: { key: string; value: bigint } }>({ url: 'http://localhost:8080' })
 * await client.get('counts', 'to') // 1n
 * for await (const [word, count] of client.entries('counts', { prefix: 't' })) console.log(word, count)
 */
export function queryClient<Stores extends StoreTypes = StoreTypes>(options: QueryClientOptions): QueryClient<Stores> {
  return new QueryClient<Stores>(options)
}

/** Made by `queryClient`. It throws a `QueryClientError`, and so does every method; what `signal` has aborted throws its reason. */
export class QueryClient<Stores extends StoreTypes = StoreTypes> {
  readonly #bases: readonly URL[]
  /** The one that answered last. */
  #base = 0
  readonly #http: HttpOptions

  constructor(options: QueryClientOptions) {
    checkOptions(options)
    const urls = Array.isArray(options.url) ? (options.url as readonly (string | URL)[]) : [options.url as string | URL]
    this.#bases = urls.map(url => {
      const base = new URL(url)
      if (!base.pathname.endsWith('/')) base.pathname += '/'
      return base
    })
    const fetch = options.fetch ?? ((url: URL, init: RequestInit) => globalThis.fetch(url, init))
    this.#http = { ...DEFAULTS, ...options, fetch, token: options.token }
  }

  /** The stores that the server shows. */
  async stores(settings: { readonly signal?: AbortSignal } = {}): Promise<readonly StoreInfo[]> {
    checkSettings('stores', settings)
    const answer = await this.#ask('stores', {}, settings)
    return understood(() => listIn(answer, 'stores')) as readonly StoreInfo[]
  }

  /** The value of a key, or undefined. Of a versioned store the version that was valid at `asOf`. */
  async get<Name extends NameOf<Stores>>(
    store: Name,
    key: Stores[Name]['key'],
    settings: ReadSettings & { readonly asOf?: number } = {},
  ): Promise<Stores[Name]['value'] | undefined> {
    return (await this.find(store, key, settings))?.value
  }

  /** The value of a key with what is known of it, or undefined. */
  async find<Name extends NameOf<Stores>>(
    store: Name,
    key: Stores[Name]['key'],
    settings: ReadSettings & { readonly asOf?: number } = {},
  ): Promise<Found<Stores[Name]['value']> | undefined> {
    checkSettings('find', settings)
    try {
      const found = await this.#ask(
        `${pathOf(store)}/keys/${keyText(key)}`,
        { ...JSON_KEY, asOf: settings.asOf },
        settings,
      )
      return understood(() => withValue(found))
    } catch (error) {
      if (error instanceof QueryClientError && error.code === 'MILLRACE_SERVER_KEY_UNKNOWN') return undefined
      throw error
    }
  }

  /**
   * The entries of a key-value store: partition after partition, in the order of the bytes of the keys. It is read page by page and goes on
   * where it was when partitions move meanwhile. A key that exists all the time is seen exactly once.
   */
  async *entries<Name extends NameOf<Stores>>(
    store: Name,
    settings: EntrySettings<Stores[Name]['key']> = {},
  ): AsyncGenerator<readonly [key: Stores[Name]['key'], value: Stores[Name]['value']], void, undefined> {
    checkSettings('entries', settings)
    const { from, to, prefix, reverse, partition, pageSize } = settings
    checkPrefix(prefix)
    const bounds = {
      as: prefix === undefined ? 'json' : 'text',
      from: from === undefined ? undefined : jsonOf(from),
      to: to === undefined ? undefined : jsonOf(to),
      prefix,
    }
    let cursor: string | undefined
    do {
      const parameters = { ...bounds, reverse, partition, limit: pageSize, cursor }
      const page = await this.#ask(`${pathOf(store)}/entries`, parameters, settings)
      yield* understood(() => listIn(page, 'entries').map(entryOf))
      ;({ cursor } = page as { readonly cursor?: string })
    } while (cursor !== undefined)
  }

  /** The windows of a key that start from `from` to `to`. */
  async windows<Name extends NameOf<Stores>>(
    store: Name,
    key: Stores[Name]['key'],
    settings: TimeSettings = {},
  ): Promise<readonly (readonly [start: number, value: Stores[Name]['value']])[]> {
    checkSettings('windows', settings)
    return (await this.#list(`${pathOf(store)}/windows/${keyText(key)}`, JSON_KEY, settings)) as never
  }

  /** The windows of all keys that start from `from` to `to`. */
  async allWindows<Name extends NameOf<Stores>>(
    store: Name,
    settings: TimeSettings = {},
  ): Promise<readonly (readonly [window: WindowOf<Stores[Name]['key']>, value: Stores[Name]['value']])[]> {
    checkSettings('allWindows', settings)
    return (await this.#list(`${pathOf(store)}/windows`, {}, settings)) as never
  }

  /** The sessions of a key that overlap the range. */
  async sessions<Name extends NameOf<Stores>>(
    store: Name,
    key: Stores[Name]['key'],
    settings: TimeSettings = {},
  ): Promise<readonly (readonly [window: WindowOf<Stores[Name]['key']>, value: Stores[Name]['value']])[]> {
    checkSettings('sessions', settings)
    return (await this.#list(`${pathOf(store)}/sessions/${keyText(key)}`, JSON_KEY, settings)) as never
  }

  /** The versions of a key that were valid in the range. */
  async versions<Name extends NameOf<Stores>>(
    store: Name,
    key: Stores[Name]['key'],
    settings: TimeSettings = {},
  ): Promise<readonly VersionOf<Stores[Name]['value']>[]> {
    checkSettings('versions', settings)
    return (await this.#list(`${pathOf(store)}/versions/${keyText(key)}`, JSON_KEY, settings)) as never
  }

  /**
   * Follows a key-value store, a versioned store or a global table: a snapshot of each partition, and then what each commit changes, without a gap or a repetition. It goes on where
   * it was when partitions move, and when the connection breaks. Ends when `signal` is aborted, by throwing its reason, or when the loop is left.
   *
   * @throws QueryClientError `MILLRACE_QUERY_TOO_SLOW` if the events were read too slowly; after `retries` attempts without an event why there
   * was none
   * @example
   * for await (const event of client.live('counts', { prefix: 't' }))
   *   if (event.type !== 'waiting') for (const { key, value } of event.entries) console.log(key, value)
   */
  live<Name extends NameOf<Stores>>(
    store: Name,
    settings: LiveSettings<Stores[Name]['key']> = {},
  ): AsyncGenerator<LiveEvent<Stores[Name]['key'], Stores[Name]['value']>, void, void> {
    checkSettings('live', settings)
    return this.#live(store, settings, undefined)
  }

  /**
   * Follows a window store or a session store, as `live` does. The keys of its entries are windows: one that expires or is merged into another one
   * comes as an entry without value. For that the keys of what has come are kept.
   *
   * @throws as `live`
   * @example
   * for await (const event of client.liveWindows('per-minute', { key: 'to' }))
   *   if (event.type !== 'waiting') for (const { key, value } of event.entries) console.log(key.start, value)
   */
  liveWindows<Name extends NameOf<Stores>>(
    store: Name,
    settings: LiveSettings<Stores[Name]['key']> = {},
  ): AsyncGenerator<LiveEvent<WindowOf<Stores[Name]['key']>, Stores[Name]['value']>, void, void> {
    checkSettings('liveWindows', settings)
    return this.#live(store, settings, new HeldWindows())
  }

  #live<K, V>(
    store: string,
    settings: LiveSettings<unknown>,
    held: HeldWindows | undefined,
  ): AsyncGenerator<LiveEvent<K, V>, void, void> {
    const { key, from, to, prefix, partition, signal } = settings
    checkPrefix(prefix)
    const parameters = {
      as: prefix === undefined ? 'json' : 'text',
      key: key === undefined ? undefined : jsonOf(key),
      from: from === undefined ? undefined : jsonOf(from),
      to: to === undefined ? undefined : jsonOf(to),
      prefix,
      partition,
    }
    const events = liveEvents(this.#urls(`${pathOf(store)}/live`, parameters), this.#http, signal, held)
    return events as AsyncGenerator<LiveEvent<K, V>, void, void>
  }

  async #list(path: string, parameters: QueryParameters, settings: TimeSettings): Promise<unknown> {
    const { from, to, reverse, limit } = settings
    const answer = await this.#ask(path, { ...parameters, from, to, reverse, limit }, settings)
    return understood(() => listIn(answer, 'entries').map(fromJsonForm))
  }

  async #ask(path: string, parameters: QueryParameters, settings: ReadSettings): Promise<unknown> {
    const { isolation, standbys, maxLag, route, signal } = settings
    const bounds = { after: positionText('after', settings), position: positionText('position', settings) }
    const search = { ...parameters, isolation, standbys, maxLag, ...bounds, route }
    return await answerOf(this.#urls(path, search), this.#http, signal)
  }

  /** The address of each attempt, beginning with the one that was used last. */
  #urls(path: string, parameters: QueryParameters): (attempt: number) => URL {
    const first = this.#base
    return attempt => {
      this.#base = (first + attempt) % this.#bases.length
      const url = new URL(path, this.#bases[this.#base])
      for (const [name, value] of Object.entries(parameters))
        if (value !== undefined) url.searchParams.set(name, asText(name, value))
      return url
    }
  }
}

/** As text, a number would be the prefix of other keys. */
function checkPrefix(prefix: unknown): void {
  if (prefix !== undefined && typeof prefix !== 'string') throw invalid('queryClient', 'prefix must be text')
}

/** JavaScript may give anything. */
function asText(name: string, value: unknown): string {
  if (typeof value === 'object' && value !== null) throw invalid('queryClient', `${name} must not be an object`)
  return String(value)
}

function positionText(setting: 'after' | 'position', settings: ReadSettings): string | undefined {
  const { [setting]: position } = settings
  if (position === undefined) return undefined
  if (!Array.isArray(position) || !position.every(isOffset))
    throw invalid('queryClient', `${setting} must be a list of { topic, partition, offset }, as a write returns it`)
  if (position.length === 0) return undefined
  return (position as PositionOf).map(({ topic, partition, offset }) => `${topic}:${partition}:${offset}`).join(',')
}

function isOffset(given: unknown): boolean {
  const { topic, partition, offset } = Object(given ?? {}) as Readonly<Record<string, unknown>>
  return typeof topic === 'string' && topic !== '' && isWhole(partition) && isWhole(offset)
}

function isWhole(value: unknown): boolean {
  return typeof value === 'bigint' ? value >= 0n : Number.isSafeInteger(value) && (value as number) >= 0
}

function withValue<V>(found: unknown): Found<V> {
  const answer = found as Found<unknown>
  if (!('value' in answer)) throw new TypeError('it has no value')
  return { ...answer, value: fromJsonForm(answer.value) as V }
}

function listIn(answer: unknown, name: string): readonly unknown[] {
  const { [name]: list } = answer as Readonly<Record<string, unknown>>
  if (Array.isArray(list)) return list
  throw new TypeError(`it has no list of ${name}`)
}

function entryOf(entry: unknown): readonly [key: unknown, value: unknown] {
  const [key, value] = entry as readonly [unknown, unknown]
  return [fromJsonForm(key), fromJsonForm(value)]
}

function pathOf(store: unknown): string {
  if (typeof store !== 'string' || store === '') throw invalid('queryClient', 'the store must be a name')
  return `stores/${encodeURIComponent(store)}`
}

function jsonOf(key: unknown): string {
  if (key === undefined || key === null) throw invalid('queryClient', 'the key must not be null or undefined')
  try {
    return JSON.stringify(toJsonForm(key))
  } catch (cause) {
    throw invalid(
      'queryClient',
      `the key cannot be sent: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    )
  }
}

function keyText(key: unknown): string {
  return encodeURIComponent(jsonOf(key))
}
