const MOST_LINES = 12

/**
 * The lines of a broker's log that say why it did not start: errors and exceptions, first to last. A broker that fails
 * still writes hundreds of lines about its orderly end. Without any such line, the last ones.
 */
export function failureLines(log: string): string {
  const lines = log.trimEnd().split('\n')
  const telling = lines.filter(line => /\b(ERROR|FATAL)\b|Exception\b|^Caused by|OutOfMemoryError|^Error:/.test(line))
  const shown = telling.length > 0 ? telling.slice(0, MOST_LINES) : lines.slice(-MOST_LINES)
  return shown.join('\n')
}
