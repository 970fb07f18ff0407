import { type KafkaStreamsOptions, type ResolvedOptions, resolveOptions } from '../../config/options.ts'
import type { OpenStateDirectory } from '../../state/directory/state-directory.ts'
import type { Plan } from '@millrace/core'
import type { Application } from '../define-application.ts'
import { KafkaStreams } from '../kafka-streams.ts'
import type { FromThread, ThreadStart, ToThread } from './messages.ts'
import { runThread } from './run-thread.ts'
import type { ThreadEvents, ThreadHost } from './thread-host.ts'
import { ThreadedEngine } from './threaded-engine.ts'

/** A thread of the test: it runs in the calling thread, and messages are copied as between heaps. */
export interface LocalThread {
  readonly start: ThreadStart
  /** As a worker that ends in the middle of its work. */
  crash(reason: unknown): void
}

/** Threads that are none, so that they can share a Kafka in memory. */
export function localHost(load: (thread: number) => Application, crashed: (thread: number) => void = () => undefined) {
  const threads: LocalThread[] = []
  const host: ThreadHost = {
    start(start: ThreadStart, events: ThreadEvents) {
      let listen: (message: ToThread) => void = () => undefined
      let alive = true
      const exit = (reason: unknown) => {
        if (!alive) return
        alive = false
        crashed(start.thread)
        events.onExit(reason)
      }
      const post = (message: FromThread) => {
        const copy = structuredClone(message)
        queueMicrotask(() => {
          if (alive) events.onMessage(copy)
        })
      }
      const done = runThread({
        start: structuredClone(start),
        post,
        onMessage: to => (listen = to),
        load: async () => load(start.thread),
        ownMemory: false,
      })
      void done.then(() => queueMicrotask(() => exit('exit code 0')))
      threads.push({ start, crash: exit })
      return {
        post: message => {
          const copy = structuredClone(message)
          queueMicrotask(() => {
            if (alive) listen(copy)
          })
        },
        async terminate() {
          exit('terminated')
        },
      }
    },
  }
  return { host, threads }
}

/** An application on threads of that host. */
export function threadedStreams(
  plan: Plan,
  options: KafkaStreamsOptions,
  host: ThreadHost,
  openDirectory?: OpenStateDirectory,
): KafkaStreams {
  resolveOptions(options)
  return new KafkaStreams(plan, options, {
    engine: (resolved: ResolvedOptions, { listener }) =>
      new ThreadedEngine({
        ...{ module: 'test', plan, options: resolved, listener, host },
        ...(openDirectory && { openDirectory }),
      }),
  })
}
