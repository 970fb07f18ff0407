import {
  isMillraceError,
  type LogFields,
  type Logger,
  reasonOf,
  shownOption,
  checkArguments,
  oneOf,
} from '@millrace/core'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** A logger of plain lines on stderr: time, level, message, fields. @param least levels below it are left out. @default 'info' */
export function consoleLogger(least: LogLevel = 'info'): Logger {
  checkArguments('consoleLogger', [['least', oneOf(...LEVELS)]], [least])
  const log = (level: LogLevel) => (fields: LogFields, message: string) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return
    console.error(`${new Date().toISOString()} ${level.toUpperCase()} ${message}${showFields(fields)}`)
  }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

function showFields(fields: LogFields): string {
  const shown = Object.entries(fields).map(
    ([name, value]) => `${name}=${name === 'error' ? showError(value) : showValue(value)}`,
  )
  return shown.length === 0 ? '' : ` (${shown.join(' ')})`
}

/** An error of ours with its hint. */
function showError(error: unknown): string {
  return isMillraceError(error) ? error.message : reasonOf(error)
}

function showValue(value: unknown): string {
  if (value instanceof Error) return showError(value)
  return typeof value === 'string' ? value : shownOption(value)
}

/** Logs nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
