import { CompactedTopic, type CompactedTopicOptions, isMillraceError, millraceError, reasonOf } from '@millrace/core'
import { RegistryError } from './registry-error.ts'
import type { Change } from './registry-state.ts'
import type { RegistryStorage } from './registry-storage.ts'
import { changeOf, NOOP, recordOf } from './stored-records.ts'

/**
 * Keeps the changes in a compacted topic, in the format of Confluent's registry. There is one writer: a registry that is started fences
 * the one before by the transactional id, and reads everything that it has written. There is no election of a leader and no
 * forwarding: the fenced registry answers writes with an error, and its reads are of the time when it was fenced.
 */
export function topicStorage(options: Omit<CompactedTopicOptions, 'transactionalId'>): RegistryStorage {
  let apply: (change: Change) => void = () => {}
  let fenced = false
  let isOpen = false
  const log = new CompactedTopic({ ...options, transactionalId: `${options.topic}-writer` }, record => {
    let change: Change | undefined
    try {
      change = changeOf(record)
    } catch (cause) {
      throw millraceError('MILLRACE_COMPACTED_TOPIC', { topic: options.topic, reason: reasonOf(cause) }, { cause })
    }
    if (change !== undefined) apply(change)
  })

  /** Also after a failure whose outcome is not known: what was written after all is read then. */
  const takeOver = async (): Promise<void> => {
    await log.openForWriting()
    await log.catchUp()
    isOpen = true
  }

  return {
    async open(applyChange) {
      apply = applyChange
      await log.create()
      await takeOver()
      await log.write([NOOP])
    },
    async append(changes) {
      if (fenced) throw taken(options.topic)
      try {
        if (!isOpen) await takeOver()
        await log.write(changes.map(recordOf))
      } catch (error) {
        isOpen = false
        if (isMillraceError(error, 'fenced')) {
          fenced = true
          throw taken(options.topic, error)
        }
        throw new RegistryError(50001, `Error while storing in the topic ${options.topic}: ${reasonOf(error)}`, {
          cause: error,
        })
      }
      // Read back, so that a registry that runs has what one that starts would have.
      await log.catchUp()
    },
    close: () => log.close(),
  }
}

function taken(topic: string, cause?: unknown): RegistryError {
  const reason = `Another registry writes to the topic ${topic} now. Stop one of them: only the one that was started last takes changes`
  return new RegistryError(50003, reason, { cause })
}
