// What the cases share: compare, wait with a limit, keep log lines.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import { isMillraceError } from 'millrace'
import type { Logger, openTopics, ReadRecord, TopicSerdes } from 'millrace'

/** `right` is the right value, or a function that tells whether what was seen is right. */
export function check<T>(what: string, seen: T, right: NoInfer<T> | ((seen: NoInfer<T>) => boolean)): void {
  const ok = typeof right === 'function' ? (right as (seen: T) => boolean)(seen) : isDeepStrictEqual(seen, right)
  const show = (value: unknown) => inspect(value, { depth: 6, breakLength: Infinity, compact: true })
  const wanted = ok || typeof right === 'function' ? '' : `, right is ${show(right)}`
  console.log(`${ok ? 'right' : 'WRONG'}  ${what}: ${show(seen)}${wanted}`)
  if (!ok) process.exitCode = 1
}

/** The result; or the error as text, "CODE (kind): message"; or "no end within N s". */
export async function outcome<T>(run: () => T | Promise<T>, limitMs = 30_000): Promise<T | string> {
  const limit = Promise.withResolvers<string>()
  const timer = setTimeout(limit.resolve, limitMs, `no end within ${limitMs / 1000} s`)
  try {
    return await Promise.race([(async () => await run())(), limit.promise])
  } catch (error) {
    if (isMillraceError(error)) return `${error.code} (${error.kind}): ${error.message}`
    return error instanceof Error ? `${error.name} (no kind): ${error.message}` : `thrown (no kind): ${inspect(error)}`
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until `holds`, for `limitMs` at most. */
export async function until(holds: () => boolean, limitMs = 30_000): Promise<boolean> {
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(50)) if (holds()) return true
  return false
}

export const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
export const newDirectory = () => mkdtempSync(join(tmpdir(), 'case-'))

/** Options of an application: a new state directory, a short close, and a logger that keeps warnings and errors in `lines`. */
export function quiet(lines: string[] = []): { stateDir: string; closeTimeoutMs: number; logger: Logger } {
  const keep =
    (level: string): Logger['warn'] =>
    (fields, text) => {
      const { message = '' } = (fields['error'] ?? {}) as { message?: string }
      lines.push(`${level} ${text} ${message}`.trim())
    }
  const logger: Logger = { debug() {}, info() {}, warn: keep('WARN'), error: keep('ERROR') }
  return { stateDir: newDirectory(), closeTimeoutMs: 5_000, logger }
}

/** The records of a topic, added as they come. */
export function follow<K, V>(
  topics: Awaited<ReturnType<typeof openTopics>>,
  topic: string,
  serdes: TopicSerdes<K, V>,
): ReadRecord<K, V>[] {
  const found: ReadRecord<K, V>[] = []
  const read = async () => {
    for await (const record of await topics.read(topic, serdes)) found.push(record)
  }
  // A case ends while this still waits for records.
  read().catch((error: unknown) => console.error(`reading ${topic} ended: ${inspect(error)}`))
  return found
}

/** The broker to use; a case that needs one ends with 2 where there is none. */
export function brokers(): string {
  const given = process.env['KAFKA_BROKERS']
  if (given) return given
  console.error('This case needs a broker: `npm run cases` starts one, or set KAFKA_BROKERS.')
  process.exit(2)
}
