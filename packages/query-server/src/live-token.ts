import { millraceError } from '@millrace/core'
import type { LiveResume } from '@millrace/runtime'

const BASE = 36
const SECOND = 1000

/**
 * The id of an event: what a reader has of each partition whose snapshot it has. It goes on from there, at any instance, with `Last-Event-ID`.
 *
 * @param at by partition, until when this was known to be the latest; the oldest time counts
 */
export function liveToken(resume: ReadonlyMap<number, LiveResume>): string {
  const at = Math.min(...[...resume.values()].map(one => one.at))
  const time = resume.size === 0 ? 0 : Math.floor(at / SECOND)
  const parts = [...resume].map(([partition, { position }]) => `${partition}.${position.toString(BASE)}`)
  return [time.toString(BASE), ...parts].join('-')
}

/** @throws MILLRACE_SERVER_REQUEST */
export function resumeOf(token: string): Map<number, LiveResume> {
  const [time = '', ...parts] = token.split('-')
  const at = Number.parseInt(time, BASE) * SECOND
  const resume = new Map(
    parts.map(part => {
      const [, partition, position] = /^(\d{1,9})\.([0-9a-z]{1,11})$/.exec(part) ?? []
      return [Number(partition), { position: Number.parseInt(position ?? '', BASE), at }] as const
    }),
  )
  const isWhole = [...resume].every(([partition, { position }]) => partition >= 0 && Number.isSafeInteger(position))
  if (/^[0-9a-z]{1,11}$/.test(time) && isWhole) return resume
  throw millraceError('MILLRACE_SERVER_REQUEST', { parameter: 'Last-Event-ID', reason: 'no event has given it' })
}
