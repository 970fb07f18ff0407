import { type Clock, describeTopology, type Logger, millraceError, type Plan } from '@millrace/core'
import { shareOfBudget } from '../../config/memory-budget.ts'
import { type KafkaStreamsOptions, resolveOptions } from '../../config/options.ts'
import type { Application } from '../define-application.ts'
import type { Engine, FailureVerdict } from '../engine.ts'
import { Instance } from '../instance.ts'
import { KafkaStreams } from '../kafka-streams.ts'
import { packError, unpackError } from './crossing-error.ts'
import type { FromThread, ThreadStart, ToThread } from './messages.ts'
import { threadDirectory } from './thread-directory.ts'
import { ThreadViews } from './thread-views.ts'

export interface ThreadSetup {
  readonly start: ThreadStart
  readonly post: (message: FromThread) => void
  readonly onMessage: (listen: (message: ToThread) => void) => void
  readonly load: () => Promise<Application>
  /** It shares no objects with the main thread. */
  readonly ownMemory: boolean
  /** What drives the member, for threads that are simulated. @default the member itself */
  readonly engine?: (member: Instance) => Engine
}

/** How often the main thread is told of tasks and metrics. */
const STATUS_MS = 500

/** Runs one member of a process and reports to its main thread, until it is told to close or fails. */
export async function runThread(setup: ThreadSetup): Promise<void> {
  const { post } = setup
  let error: unknown
  try {
    await runMember(setup)
  } catch (thrown) {
    error = thrown
  }
  post({ type: 'ended', error: error === undefined ? undefined : packError(error) })
}

async function runMember({ start, post, onMessage, load, ownMemory, engine }: ThreadSetup): Promise<void> {
  const early: ToThread[] = []
  let handle = (message: ToThread): void => void early.push(message)
  onMessage(message => handle(message))
  const { plan, options } = await load()
  checkSameTopology(plan, start)
  const directory = threadDirectory(start, post)
  let verdict = Promise.withResolvers<FailureVerdict>()
  let instance: Instance | undefined
  const streams = new KafkaStreams(plan, memberOptions(options, start, ownMemory), {
    engine(resolved, surroundings) {
      const { open: openDirectory } = directory
      instance = new Instance(plan, resolved, {
        ...surroundings,
        openDirectory,
        onBegun: () => post({ type: 'begun' }),
      })
      return engine?.(instance) ?? instance
    },
    async decide(failure) {
      verdict = Promise.withResolvers()
      post({ type: 'failed', error: packError(failure) })
      return await verdict.promise
    },
  })
  const resolved = resolveOptions(options)
  const views = new ThreadViews(
    () => instance?.queries,
    (follow, news) => post({ type: 'followed', follow, news }),
  )
  const setBudget = (threads: number) => {
    if (instance !== undefined) instance.budget = shareOfBudget(resolved, threads)
  }
  const endLeftBehind = async (threads: readonly number[]) => {
    try {
      await instance?.endLeftBehind(threads)
    } catch (error) {
      resolved.logger.warn(
        { threads, error },
        'failed to end the transactions of a thread: they end when their time is over',
      )
    }
  }
  const close = (leave: boolean) => streams.close({ leave })
  handle = message => {
    if (directory.onMessage(message)) return
    if (message.type === 'close') void close(message.leave)
    else if (message.type === 'verdict') verdict.resolve(message.verdict)
    else if (message.type === 'fail') instance?.fail(unpackError(message.error))
    else if (message.type === 'pause') setPaused(streams, message.paused)
    else if (message.type === 'threads') setBudget(message.threads)
    else if (message.type === 'end-left-behind') void endLeftBehind(message.threads)
    else if (message.type === 'taken') views.taken(message.follow, message.weight)
    else if (message.type === 'view') void answerView(views, message, post)
    else if (message.type === 'query') void answer(streams, message, post)
  }
  setPaused(streams, start.paused)
  for (const message of early) handle(message)
  const report = () =>
    post({
      type: 'status',
      status: {
        state: streams.state,
        tasks: streams.tasks(),
        member: instance?.members[0],
        metadata: streams.metadataForAllInstances(),
        readings: streams.metrics(),
        topics: instance?.queries?.topics ?? new Map(),
      },
    })
  forwardEvents(streams, post)
  streams.on('state', report)
  const over = new AbortController()
  void reportUntil(over.signal, resolved.clock, report)
  try {
    if (streams.state === 'CREATED') await streams.start()
    await streams.ended()
  } finally {
    over.abort()
    await views.close()
  }
}

async function reportUntil(over: AbortSignal, clock: Clock, report: () => void): Promise<void> {
  for (;;) {
    await clock.sleep(STATUS_MS, over)
    if (over.aborted) return
    report()
  }
}

/** The values must be data that can be copied to another thread. */
async function answer(
  streams: KafkaStreams,
  { call, request }: Extract<ToThread, { type: 'query' }>,
  post: (message: FromThread) => void,
): Promise<void> {
  try {
    const { partitions } = await streams.query(request)
    post({ type: 'answer', call, answers: [...partitions] })
  } catch (error) {
    post({ type: 'no-answer', call, error: packError(error) })
  }
}

/** The values must be data that can be copied to another thread. */
async function answerView(
  views: ThreadViews,
  { call, request }: Extract<ToThread, { type: 'view' }>,
  post: (message: FromThread) => void,
): Promise<void> {
  try {
    post({ type: 'viewed', call, value: await views.answer(request) })
  } catch (error) {
    post({ type: 'no-answer', call, error: packError(error) })
  }
}

function setPaused(streams: KafkaStreams, paused: boolean): void {
  if (paused) streams.pause()
  else streams.resume()
}

function forwardEvents(streams: KafkaStreams, post: (message: FromThread) => void): void {
  const forward = (event: Extract<FromThread, { type: 'event' }>['event']) => (value: unknown) =>
    post({ type: 'event', event, value })
  streams.on('waiting', cause => post({ type: 'waiting', cause: cause === undefined ? undefined : packError(cause) }))
  streams.on('restoreStart', forward('onRestoreStart'))
  streams.on('restoreProgress', forward('onRestoreProgress'))
  streams.on('restoreEnd', forward('onRestoreEnd'))
  streams.on('restoreSuspended', forward('onRestoreSuspended'))
  streams.on('standbyUpdateStart', forward('onStandbyUpdateStart'))
  streams.on('standbyBatchLoaded', forward('onStandbyBatchLoaded'))
  streams.on('standbyUpdateSuspended', forward('onStandbyUpdateSuspended'))
}

/** @throws MILLRACE_THREAD_TOPOLOGY */
function checkSameTopology(plan: Plan, { topology, thread, module }: ThreadStart): void {
  if (describeTopology(plan) !== topology) throw millraceError('MILLRACE_THREAD_TOPOLOGY', { module, thread })
}

/** The budgets are those of the process. */
function memberOptions(given: KafkaStreamsOptions, start: ThreadStart, ownMemory: boolean): KafkaStreamsOptions {
  const { thread, threads, processId } = start
  const resolved = resolveOptions(given)
  const { logger, client } = resolved
  return {
    ...given,
    threads,
    processId,
    logger: ofThread(logger, thread),
    ...shareOfBudget(resolved, threads),
    client: ownMemory ? context => client({ ...context, thread }) : client,
  }
}

function ofThread(logger: Logger, thread: number): Logger {
  return {
    debug: (fields, message) => logger.debug({ ...fields, thread }, message),
    info: (fields, message) => logger.info({ ...fields, thread }, message),
    warn: (fields, message) => logger.warn({ ...fields, thread }, message),
    error: (fields, message) => logger.error({ ...fields, thread }, message),
  }
}
