import type { Clock, Logger } from '@millrace/core'
import type { LogEntry, logCreator } from 'kafkajs'
import { kafkajsPackage } from './kafkajs-package.ts'

/** The same sentence of kafkajs comes again at most after this time, as connection errors do while a broker is away. */
const REPEAT_MS = 30_000

/**
 * Sends kafkajs' log to ours, each line one level lower than kafkajs thinks: every failure that matters also reaches the
 * caller as a MillraceError, and a rebalance is no error.
 */
export function kafkaLog(logger: Logger, clock: Clock): logCreator {
  const lastSaid = new Map<string, number>()
  return () => entry => {
    const { timestamp: _timestamp, logger: _logger, message, stack, ...details } = entry.log
    const fields = { kafkajs: entry.namespace, ...details }
    // Where in Node a connection failed says nothing that the message does not say.
    const all = stack === undefined ? fields : { ...fields, stack }
    if (!isNoteworthy(entry)) return logger.debug(all, message)
    const now = clock.monotonic()
    if (now - (lastSaid.get(message) ?? -REPEAT_MS) < REPEAT_MS) return logger.debug(all, message)
    lastSaid.set(message, now)
    logger.warn(fields, message)
  }
}

/** Of kafkajs' errors, those that tell of trouble: what a cluster answers in the normal course of things does not. */
function isNoteworthy({ level, log }: LogEntry): boolean {
  if (level !== kafkajsPackage().logLevel.ERROR) return false
  const text = `${log.message} ${String(log['error'] ?? '')}`
  return !NORMAL.test(text)
}

/**
 * Rebalances, coordinators and leaders on the move, a transaction before the next one, a topic that has just been created: all
 * of them pass, or come up as an error of the call.
 */
const NORMAL =
  /rebalanc|re-joining|generation id|member ?id|not aware of this member|Crash: |coordinator|not the leader|does not host this topic|another operation|concurrent|offset is not within|client was closed/i
