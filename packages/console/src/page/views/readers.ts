import type { InputAnswer } from '../../answers.ts'
import { h } from '../dom.ts'
import { type Model, STUCK_MS } from '../model.ts'
import { count, duration, plural } from '../words.ts'

/** A task that reads a partition. */
export interface Reader {
  readonly task: string
  /** Its instance. */
  readonly owner: string | undefined
  readonly input: InputAnswer
  /** The offset of the record that it takes next. */
  readonly next: number
}

export function readersOf({ status }: Model, topic: string, partition: number): readonly Reader[] {
  const nameOf = new Map(status?.instances.map(({ id, name }) => [id, name]))
  return (status?.tasks ?? []).flatMap(({ id, owner, inputs }) =>
    inputs
      .filter(input => input.topic === topic && input.partition === partition)
      .map(input => ({
        task: id,
        owner: owner === undefined ? undefined : (nameOf.get(owner) ?? owner),
        input,
        next: input.committed ?? 0,
      })),
  )
}

export function isStuck({ input }: Reader): boolean {
  return input.stuckMs >= STUCK_MS
}

/** How far a task is. */
export function readerLine(reader: Reader): HTMLElement {
  const { task, owner, input, next } = reader
  const who = owner === undefined ? `Task ${task}, which nobody has,` : `Task ${task} on ${owner}`
  const behind =
    input.lag === 0
      ? 'has processed everything.'
      : `is at offset ${next}, ${plural(input.lag, 'record')} before the end (${count(input.end)})`
  const moving =
    input.lag === 0 ? '' : isStuck(reader) ? `; nothing has moved for ${duration(input.stuckMs)}.` : ', and moves.'
  return h('p', { class: isStuck(reader) ? 'bad' : 'quiet' }, `${who} ${behind}${moving}`)
}
