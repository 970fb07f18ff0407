import { join } from 'node:path'
import type { OpenStateDirectory } from '../../state/directory/state-directory.ts'
import { type CrossingError, packError, unpackError } from './crossing-error.ts'
import type { FromThread, ThreadStart, ToThread } from './messages.ts'

/** The state directory as a thread sees it: the main thread has opened it, and says who may open which task. */
export interface ThreadDirectory {
  readonly open: OpenStateDirectory
  /** True when the message was for it. */
  onMessage(message: ToThread): boolean
}

export function threadDirectory(start: ThreadStart, post: (message: FromThread) => void): ThreadDirectory {
  const onDisk = new Map(start.onDisk)
  const inUse = new Set<string>()
  const calls = new Map<number, PromiseWithResolvers<void>>()
  let lastCall = 0
  const ask = async (message: (call: number) => FromThread) => {
    const call = ++lastCall
    const answered = Promise.withResolvers<void>()
    calls.set(call, answered)
    post(message(call))
    await answered.promise
  }
  const answer = (call: number, error: CrossingError | undefined) => {
    const waiting = calls.get(call)
    calls.delete(call)
    if (error === undefined) waiting?.resolve()
    else waiting?.reject(unpackError(error))
  }
  return {
    open: async () => ({
      processId: start.processId,
      path: start.directory,
      taskDirectory: task => join(start.directory, task),
      moveAside: (directory, cause) => ask(call => ({ type: 'move-aside', call, directory, cause: packError(cause) })),
      // The main thread compares topologies, keeps how many threads there are, looks what is on disk, and cleans up.
      readTopology: async () => undefined,
      writeTopology: async () => undefined,
      keepThreads: async () => undefined,
      leftBehind: start.leftBehind,
      taskNames: async () => [],
      deleteTaskDirectory: async () => undefined,
      close: async () => undefined,
      claims: {
        member: start.thread,
        onDisk,
        inUse: () => inUse,
        async claim(task) {
          await ask(call => ({ type: 'claim', call, task }))
          inUse.add(task)
        },
        release(task, position) {
          inUse.delete(task)
          post({ type: 'release', task, position })
        },
      },
    }),
    onMessage(message) {
      if (message.type === 'claimed' || message.type === 'moved') answer(message.call, message.error)
      else if (message.type !== 'on-disk') return false
      else if (message.position === undefined) onDisk.delete(message.task)
      else onDisk.set(message.task, message.position)
      return true
    },
  }
}
