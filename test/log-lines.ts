import type { LogFields, Logger } from '@millrace/core'

export interface LogLine {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: LogFields
}

/** A logger that keeps what it is told, for tests of what an operator would read. */
export function logLines(): { readonly logger: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const log = (level: keyof Logger) => (fields: LogFields, message: string) =>
    void lines.push({ level, message, fields })
  return { lines, logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') } }
}
