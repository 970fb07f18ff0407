import { checkArguments, hasMethods, millraceError } from '@millrace/core'
import { readStored, resendDeadLetters, type StoredRecord } from '@millrace/runtime'
import type { IncomingMessage } from 'node:http'
import type { ResendAnswer, SliceAnswer, SliceRequest, TopologyAnswer } from './answers.ts'
import { configurationOf } from './configuration.ts'
import { type ConsoleAnswer, consoleFailure, invalidRequest } from './console-failure.ts'
import { consolePage } from './console-page.ts'
import { type ConsoleRequest, readRequest } from './console-request.ts'
import { type ConsoleSource, type ShownStreams, sourceOfStreams } from './console-source.ts'
import { Observer } from './observer.ts'
import { latestLetters, latestRecords, lettersAt, type RecordsRequest } from './records.ts'
import { CONSOLE_ROUTES, type ConsoleRoute } from './routes.ts'
import { storesOf, topicsOf, topologyGraph } from './topology-graph.ts'

const DEFAULT_LIMIT = 50
/** Requests in work: each of them may read a topic. */
const MOST_IN_WORK = 32
const MOST_OF_SLICE = 10_000

/**
 * Serves the console of an application below `/console`, as a part of a query server.
 *
 * @example
 * const server = await queryServer(streams, { port: 8080, console: millraceConsole(streams) })
 */
export function millraceConsole(streams: ShownStreams): MillraceConsole {
  checkArguments('millraceConsole', [['streams', SOME_STREAMS]], [streams])
  return new MillraceConsole(sourceOfStreams(streams))
}

const SOME_STREAMS = hasMethods('a KafkaStreams', 'tasks', 'metrics', 'on', 'off', 'metadataForAllInstances')

export class MillraceConsole {
  /** What is below it is answered by the console. */
  readonly path = '/console'
  readonly #source: ConsoleSource
  readonly #observer: Observer
  #inWork = 0

  /** @internal */
  constructor(source: ConsoleSource) {
    this.#source = source
    this.#observer = new Observer(source)
  }

  /** Whether a path is answered without a token: the page itself, which holds nothing of the application. */
  isOpen(pathname: string): boolean {
    return Object.values<ConsoleRoute>(CONSOLE_ROUTES).some(
      ({ open, path }) => open === true && path === pathname.replace(/\/$/, ''),
    )
  }

  /** Answers a request whose token and host were checked. */
  async handle(request: IncomingMessage, signal: AbortSignal): Promise<ConsoleAnswer> {
    if (this.#inWork >= MOST_IN_WORK)
      return consoleFailure(millraceError('MILLRACE_SERVER_BUSY', { reason: `${MOST_IN_WORK} requests are in work` }))
    this.#inWork++
    try {
      return await this.#answer(await readRequest(request), signal)
    } catch (error) {
      return consoleFailure(error)
    } finally {
      this.#inWork--
    }
  }

  /** Closes its connections to Kafka. */
  async close(): Promise<void> {
    await this.#observer.close()
  }

  async #answer(request: ConsoleRequest, signal: AbortSignal): Promise<ConsoleAnswer> {
    switch (request.name) {
      case 'page':
        return consolePage()
      case 'topology':
        return json(this.#topology())
      case 'status':
        return json(await this.#observer.status())
      case 'history':
        return json(this.#observer.history())
      case 'records':
        return json(
          await latestRecords(this.#known, this.#recordsRequest(request, this.#ownTopic(request.topic), signal)),
        )
      case 'letters':
        return json(await latestLetters(this.#known, this.#recordsRequest(request, this.#deadLetterTopic, signal)))
      case 'resend':
        return json(await this.#resend(request.body, signal))
      case 'slice':
        return json(await this.#slice(request.body, signal))
    }
  }

  get #known() {
    const { plan, applicationId } = this.#source
    return { client: this.#observer.client, plan, applicationId }
  }

  get #deadLetterTopic(): string {
    const { deadLetterTopic } = this.#source
    if (deadLetterTopic === undefined) throw invalidRequest('path', 'the application has no dead-letter topic')
    return deadLetterTopic
  }

  /** Other topics of the cluster are nobody's business here. */
  #ownTopic(topic: string): string {
    const { plan, applicationId, deadLetterTopic } = this.#source
    const isOwn =
      topicsOf(plan, applicationId, deadLetterTopic).some(({ name }) => name === topic) ||
      plan.nodes.some(node => node.kind === 'source' && node.pattern?.test(topic) === true)
    if (!isOwn) throw millraceError('MILLRACE_TOPIC_MISSING', { topic }, { hint: 'The application has no such topic.' })
    return topic
  }

  #recordsRequest({ numbers }: ConsoleRequest, topic: string, signal: AbortSignal): RecordsRequest {
    const { partition, before, limit = DEFAULT_LIMIT } = numbers
    return { topic, partition, before, limit, signal }
  }

  #topology(): TopologyAnswer {
    const { plan, applicationId, streams, deadLetterTopic, options, readsStores, sliceTest } = this.#source
    return {
      applicationId,
      mode: streams === undefined ? 'outside' : 'inside',
      ...topologyGraph(plan, applicationId),
      stores: storesOf(plan, applicationId),
      topics: topicsOf(plan, applicationId, deadLetterTopic),
      readsStores,
      slices: sliceTest !== undefined,
      configuration: configurationOf(options),
      ...(deadLetterTopic !== undefined && { deadLetterTopic }),
    }
  }

  async #slice(body: unknown, signal: AbortSignal): Promise<SliceAnswer> {
    const { topic, partition, from, to } = sliceOf(body)
    const { sliceTest } = this.#source
    if (sliceTest === undefined) throw invalidRequest('path', 'the module of the topology is not known here')
    this.#ownTopic(topic)
    const records: StoredRecord[] = []
    for await (const record of readStored(this.#observer.client, [{ topic, partition, from, to }], { signal }))
      records.push(record)
    return { test: await sliceTest({ topic, records }) }
  }

  async #resend(body: unknown, signal: AbortSignal): Promise<ResendAnswer> {
    const places = placesOf(body)
    const letters = await lettersAt(this.#observer.client, this.#deadLetterTopic, places, signal)
    if (letters.length < places.length) throw invalidRequest('letters', 'some are no longer there; load them again')
    return { sent: await resendDeadLetters(this.#observer.client, letters) }
  }
}

function sliceOf(body: unknown): SliceRequest {
  const { topic, partition, from, to } = (body ?? {}) as Partial<SliceRequest>
  if (typeof topic !== 'string') throw invalidRequest('topic', 'it must be the name of a topic')
  for (const [name, value] of Object.entries({ partition, from, to }))
    if (!Number.isSafeInteger(value) || value! < 0) throw invalidRequest(name, 'it must be a whole number from 0')
  if (to! <= from! || to! - from! > MOST_OF_SLICE)
    throw invalidRequest('to', `it must be 1 to ${MOST_OF_SLICE} after from`)
  return { topic, partition: partition!, from: from!, to: to! }
}

function placesOf(body: unknown): readonly { readonly partition: number; readonly offset: number }[] {
  const { confirm, letters } = (body ?? {}) as { readonly confirm?: unknown; readonly letters?: unknown }
  if (confirm !== true) throw invalidRequest('confirm', 'it must be true')
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
  const isPlace = (each: unknown): each is { partition: number; offset: number } => {
    const { partition, offset } = (each ?? {}) as { partition?: unknown; offset?: unknown }
    return isCount(partition) && isCount(offset)
  }
  if (!Array.isArray(letters) || letters.length < 1 || letters.length > 1000 || !letters.every(isPlace))
    throw invalidRequest('letters', 'it must be a list of 1 to 1000 { partition, offset }')
  return letters
}

function json(body: object): ConsoleAnswer {
  return { status: 200, body }
}
