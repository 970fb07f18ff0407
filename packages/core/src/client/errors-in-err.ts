import type { LogFields, Logger } from '../ports/logger.ts'

/**
 * A logger whose errors are readable. Millrace names an error `error`. Loggers of the family of pino and bunyan, which can be told by `child()`,
 * write errors with message and stack only in the field `err`, and as `{}` in any other.
 */
export function errorsInErr<Level extends keyof Logger>(logger: Pick<Logger, Level>): Pick<Logger, Level> {
  if (typeof (logger as { readonly child?: unknown }).child !== 'function') return logger
  const renamed = (level: Level) => (fields: LogFields, message: string) => {
    const { error, ...others } = fields
    return logger[level]('error' in fields ? { ...others, err: error } : fields, message)
  }
  const levels = (['debug', 'info', 'warn', 'error'] as Level[]).filter(level => typeof logger[level] === 'function')
  return Object.fromEntries(levels.map(level => [level, renamed(level)])) as Pick<Logger, Level>
}
