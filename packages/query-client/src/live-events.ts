import { type StreamMessage, streamMessages } from './event-stream.ts'
import {
  backOffMs,
  errorOf,
  type HttpOptions,
  PASSING,
  retryAfterMs,
  sleep,
  understood,
  unreachable,
} from './http-answers.ts'
import type { HeldWindows } from './held-windows.ts'
import { fromJsonForm } from './json-form.ts'
import type { QueryClientError } from './query-client-error.ts'

/** An entry of a live query. */
export interface LiveEntry<K, V> {
  readonly key: K
  /** Undefined: the store has the key no longer. */
  readonly value: V | undefined
  /** Milliseconds since the epoch, of stores with timestamps and of versioned stores. */
  readonly timestamp?: number
}

/** Which windows or sessions have expired: those that start or end before this time, in milliseconds since the epoch. */
export interface LiveExpiry {
  readonly by: 'start' | 'end'
  readonly before: number
}

/**
 * What a live query says of a partition of the store. After each event, what the reader has of the partition is the state after one commit.
 *
 * - `snapshot`: the entries as of a commit, in as many events as it takes. With `first`, what was known of the partition before is void;
 *   after `last` it is complete
 * - `changes`: what the next commit has changed, or after an interruption what all commits since then have changed. `expired`: windows or sessions
 *   have expired with it
 * - `waiting`: the partition cannot be followed at the moment, as in a rebalance. What is known of it stays true, but may be old. The next
 *   event of the partition ends this
 */
export type LiveEvent<K, V> =
  | {
      readonly type: 'snapshot'
      readonly partition: number
      readonly entries: readonly LiveEntry<K, V>[]
      /** What has expired is not in it. */
      readonly expired?: LiveExpiry
      readonly first: boolean
      readonly last: boolean
      /** The next offset of the store's changelog that is not included. */
      readonly position?: number
    }
  | {
      readonly type: 'changes'
      readonly partition: number
      readonly entries: readonly LiveEntry<K, V>[]
      readonly expired?: LiveExpiry
      readonly position?: number
    }
  | { readonly type: 'waiting'; readonly partition: number; readonly reason: string; readonly message: string }

/** Why a connection has ended, and whether another one may do better. */
interface Ended {
  readonly error: QueryClientError
  readonly retry: boolean
  readonly waitMs?: number | undefined
}

/**
 * Follows an event stream. A connection that ends is made again, and goes on after the last event: at the next address if there are several.
 * It gives up after `retries` attempts without an event.
 *
 * @param urlOf the address of an attempt
 * @param held of windows and sessions: adds the keys of those that expire
 */
export function liveEvents(
  urlOf: (attempt: number) => URL,
  options: HttpOptions,
  signal: AbortSignal | undefined,
  held: HeldWindows | undefined,
): AsyncGenerator<LiveEvent<unknown, unknown>, void, void> {
  const left = new AbortController()
  const either = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal])
  const events = untilLeft(eventsOf(urlOf, options, either, held), left.signal)
  // A generator alone would hear of it at the next event, which may never come.
  const leave = events.return.bind(events)
  return Object.assign(events, {
    return(value: void | PromiseLike<void>) {
      left.abort()
      return leave(value)
    },
  })
}

/** To leave is no failure. */
async function* untilLeft<T>(events: AsyncGenerator<T, void, void>, left: AbortSignal): AsyncGenerator<T, void, void> {
  try {
    yield* events
  } catch (error) {
    if (!left.aborted) throw error
  }
}

async function* eventsOf(
  urlOf: (attempt: number) => URL,
  options: HttpOptions,
  signal: AbortSignal,
  held: HeldWindows | undefined,
): AsyncGenerator<LiveEvent<unknown, unknown>, void, void> {
  let lastEventId: string | undefined
  for (let attempt = 0, failures = 0; ; attempt++) {
    const connection = new Connection(urlOf(attempt), options, lastEventId, signal)
    let ended: Ended | undefined
    try {
      for await (const message of connection.messages()) {
        failures = 0
        if (message.event === 'error')
          throw errorOf(
            understood(() => JSON.parse(message.data) as unknown),
            undefined,
          )
        if (message.id !== undefined) lastEventId = message.id
        if (message.data === '') continue
        const event = understood(() => eventOf(message))
        yield held === undefined ? event : held.take(event)
      }
      signal.throwIfAborted()
      ended = connection.ended
    } finally {
      connection.close()
    }
    if (ended !== undefined && (!ended.retry || failures >= options.retries)) throw ended.error
    failures++
    await sleep(Math.max(backOffMs(failures, options), Math.min(ended?.waitMs ?? 0, options.maxBackOffMs)), signal)
  }
}

function eventOf({ event, data }: StreamMessage): LiveEvent<unknown, unknown> {
  const parsed = JSON.parse(data) as LiveEvent<unknown, unknown>
  if (event === 'waiting') return { ...parsed, type: 'waiting' } as LiveEvent<unknown, unknown>
  const { entries } = parsed as { readonly entries: readonly LiveEntry<unknown, unknown>[] }
  const decoded = entries.map(entry => ({
    ...entry,
    key: fromJsonForm(entry.key),
    value: 'value' in entry ? fromJsonForm(entry.value) : undefined,
  }))
  return { ...parsed, type: event, entries: decoded } as LiveEvent<unknown, unknown>
}

/** One connection. It is given up if nothing comes for the time that an answer may take: a server says regularly that it is there. */
class Connection {
  /** Set when it has ended by a failure. */
  ended: Ended | undefined
  readonly #url: URL
  readonly #options: HttpOptions
  readonly #lastEventId: string | undefined
  readonly #signal: AbortSignal | undefined
  readonly #over = new AbortController()
  #silence: ReturnType<typeof setTimeout> | undefined

  constructor(url: URL, options: HttpOptions, lastEventId: string | undefined, signal: AbortSignal | undefined) {
    this.#url = url
    this.#options = options
    this.#lastEventId = lastEventId
    this.#signal = signal
  }

  async *messages(): AsyncGenerator<StreamMessage, void, void> {
    const { token, fetch } = this.#options
    const over = this.#over.signal
    this.#heard()
    try {
      const response = await fetch(this.#url, {
        headers: {
          accept: 'text/event-stream',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(this.#lastEventId !== undefined && { 'last-event-id': this.#lastEventId }),
        },
        signal: this.#signal === undefined ? over : AbortSignal.any([this.#signal, over]),
      })
      if (!response.ok || response.body === null) {
        this.ended = await refusal(response)
        return
      }
      yield* streamMessages(this.#chunks(response.body.getReader()))
    } catch (cause) {
      this.#signal?.throwIfAborted()
      this.ended = { error: unreachable(this.#url, cause), retry: true }
    }
  }

  close(): void {
    clearTimeout(this.#silence)
    this.#over.abort()
  }

  /** The reader's own time does not count. */
  async *#chunks(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      this.#heard()
      const { done, value } = await reader.read()
      clearTimeout(this.#silence)
      if (done) return
      yield value
    }
  }

  #heard(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.#over.abort(), this.#options.timeoutMs)
  }
}

async function refusal(response: Response): Promise<Ended> {
  const text = await response.text()
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    body = undefined
  }
  return {
    error: errorOf(body, response.status),
    retry: PASSING.includes(response.status),
    waitMs: retryAfterMs(response),
  }
}
