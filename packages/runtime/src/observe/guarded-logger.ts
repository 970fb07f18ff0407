import { errorsInErr, type LogFields, type Logger, reasonOf } from '@millrace/core'

/** What says that the logger itself does not work: stderr. */
type Complain = (message: string) => void

/**
 * The user's logger, which must not end an application: what it throws, or rejects with, goes to stderr, once for each level.
 */
export function guardedLogger(
  logger: Logger,
  complain: Complain = message => void process.stderr.write(`${message}\n`),
): Logger {
  const readable = errorsInErr(logger)
  const said = new Set<string>()
  const guarded = (level: keyof Logger) => (fields: LogFields, message: string) => {
    const failed = (error: unknown) => {
      if (said.has(level)) return
      said.add(level)
      complain(`millrace: the logger has failed at level ${level}: ${reasonOf(error)}; it was to log: ${message}`)
    }
    try {
      const done: unknown = readable[level](fields, message)
      if (done instanceof Promise) done.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') }
}
