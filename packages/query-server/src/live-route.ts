import { millraceError } from '@millrace/core'
import type { LiveResume } from '@millrace/runtime'
import type { ServerResponse } from 'node:http'
import { type Answer, failureAnswer } from './http-failure.ts'
import { liveFailure, livePlanOf, partitionEvents, type WireEvent } from './live-events.ts'
import { liveToken, resumeOf } from './live-token.ts'
import { mergedEvents } from './merged-events.ts'
import type { Asked } from './read-partition.ts'

/** A live query as an event stream. What is wrong with the request is said before the stream begins. */
export async function liveStream(asked: Asked): Promise<Answer> {
  const { lastEventId, plan, streams } = asked
  const { query, partitions } = await livePlanOf(asked)
  const given = lastEventId === undefined || lastEventId === '' ? undefined : resumeIn(lastEventId, partitions)
  const { state } = streams
  if (state !== 'RUNNING' && state !== 'REBALANCING')
    throw millraceError('MILLRACE_QUERY_NOT_RUNNING', { store: plan.name, state })
  // It is not read: it refuses what cannot be followed.
  streams.watch({ store: plan.name, query })
  return {
    status: 200,
    body: '',
    contentType: 'text/event-stream; charset=utf-8',
    headers: { 'x-accel-buffering': 'no' },
    stream: async (response, signal) => {
      const live = { ...asked, signal }
      const sources = partitions.map(partition => partitionEvents(live, query, partition, given?.get(partition)))
      await writeEvents(live, response, mergedEvents(sources), new Resumable(given))
    },
  }
}

/** Positions of partitions that the stream does not follow would stay as they are, and their time would make all others old. */
function resumeIn(token: string, partitions: readonly number[]): ReadonlyMap<number, LiveResume> {
  return new Map([...resumeOf(token)].filter(([partition]) => partitions.includes(partition)))
}

async function writeEvents(
  { settings: { heartbeatMs }, signal, logger }: Asked & { readonly signal: AbortSignal },
  response: ServerResponse,
  events: AsyncGenerator<WireEvent, void, void>,
  resumable: Resumable,
): Promise<void> {
  response.write('retry: 1000\n\n')
  // The id says until when what the reader has was the latest.
  const heart = setInterval(() => void response.write(`id: ${resumable.token()}\n\n`), heartbeatMs)
  try {
    for await (const { type, ...event } of events) {
      resumable.take({ type, ...event } as WireEvent)
      const text = `event: ${type}\nid: ${resumable.token()}\ndata: ${JSON.stringify(event)}\n\n`
      if (!response.write(text)) await drained(response, signal)
      if (signal.aborted) return
    }
  } catch (error) {
    const { answer, hidden } = failureAnswer(liveFailure(error))
    if (hidden) logger.error({ error }, 'a live query failed')
    response.write(`event: error\ndata: ${JSON.stringify(answer.body)}\n\n`)
  } finally {
    clearInterval(heart)
  }
}

/** A client that does not read gets no more events until it does, and falls behind. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (signal.aborted || response.destroyed) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => resolve()
  response.once('drain', done)
  signal.addEventListener('abort', done, { once: true })
  await promise
  response.off('drain', done)
  signal.removeEventListener('abort', done)
}

/** From where the reader of a stream goes on in each partition. */
class Resumable {
  readonly #resume: Map<number, LiveResume>
  /** Partitions that nobody follows at the moment: what the reader has of them becomes older. */
  readonly #waiting = new Set<number>()

  constructor(given: ReadonlyMap<number, LiveResume> | undefined) {
    this.#resume = new Map(given)
    for (const partition of this.#resume.keys()) this.#waiting.add(partition)
  }

  take(event: WireEvent): void {
    const { partition } = event
    if (event.type === 'waiting') {
      this.#refresh()
      this.#waiting.add(partition)
      return
    }
    this.#waiting.delete(partition)
    if (event.position === undefined || (event.type === 'snapshot' && !event.last)) this.#resume.delete(partition)
    else this.#resume.set(partition, { position: event.position, at: Date.now() })
  }

  token(): string {
    this.#refresh()
    return liveToken(this.#resume)
  }

  #refresh(): void {
    const at = Date.now()
    for (const [partition, { position }] of this.#resume)
      if (!this.#waiting.has(partition)) this.#resume.set(partition, { position, at })
  }
}
