import type { EventAnswer, HistoryAnswer, RestoreAnswer, Sample } from './answers.ts'
import type { ApplicationReport, RestoreEvent, StandbyEvent, StreamsEvents } from '@millrace/runtime'
import type { ShownStreams } from './console-source.ts'
import { countersOf } from './counters.ts'
import { reasonOf } from '@millrace/core'

const MOST_EVENTS = 500
const MOST_SAMPLES = 720
const MOST_RESTORES = 200
const SAMPLE_MS = 5_000

/** What has happened since the console is open: it is kept in memory, and the oldest goes first. */
export class History {
  readonly #now: () => number
  readonly #streams: ShownStreams | undefined
  readonly #events: EventAnswer[] = []
  readonly #samples: Sample[] = []
  readonly #restores = new Map<string, RestoreAnswer>()
  readonly #timer: NodeJS.Timeout | undefined
  #report: ApplicationReport | undefined
  readonly #off: (() => void)[] = []

  constructor(streams: ShownStreams | undefined, now: () => number) {
    this.#now = now
    this.#streams = streams
    if (streams === undefined) return
    this.#listen(streams)
    this.#sample(streams)
    this.#timer = setInterval(() => this.#sample(streams), SAMPLE_MS)
    this.#timer.unref()
  }

  get restores(): readonly RestoreAnswer[] {
    return [...this.#restores.values()]
  }

  answer(): HistoryAnswer {
    const streams = this.#streams
    // What is asked for is not kept: however often pages ask, the samples go back for an hour.
    const samples = streams === undefined ? [] : [...this.#samples, this.#sampleOf(streams)]
    return { events: this.#events, samples }
  }

  /** Notes what the group has changed since the last report. */
  note(report: ApplicationReport): void {
    const before = this.#report
    this.#report = report
    if (before === undefined) return
    for (const text of changesOf(before, report)) this.#add('rebalance', text)
  }

  close(): void {
    clearInterval(this.#timer)
    for (const off of this.#off) off()
  }

  #listen(streams: ShownStreams): void {
    const on = <Event extends keyof StreamsEvents>(event: Event, listener: (...args: StreamsEvents[Event]) => void) => {
      streams.on(event, listener)
      this.#off.push(() => streams.off(event, listener))
    }
    on('state', (state, before) => this.#add('state', `${before} → ${state}`))
    on('error', error => this.#add('error', reasonOf(error)))
    on('waiting', cause => {
      const text = cause === undefined ? 'the broker answers again' : `waiting for the broker: ${reasonOf(cause)}`
      this.#add('waiting', text)
    })
    const restore = ({ task, store, restored, from, to }: RestoreEvent, over: boolean) =>
      this.#noteRestore({ task, store, kind: 'restore', done: restored, total: to - from, over })
    on('restoreStart', event => restore(event, false))
    on('restoreProgress', event => restore(event, false))
    on('restoreEnd', event => {
      restore(event, true)
      const { store, task, restored, milliseconds } = event
      if (restored > 0) this.#add('restore', `${store} of ${task}: ${restored} records in ${milliseconds} ms`)
    })
    on('restoreSuspended', event => {
      restore(event, true)
      this.#add('restore', `${event.store} of ${event.task} moved before its restore was complete`)
    })
    const standby = ({ task, store, position, end }: StandbyEvent) =>
      this.#noteRestore({ task, store, kind: 'standby', done: position, total: end, over: false })
    on('standbyUpdateStart', event => {
      standby(event)
      this.#add('standby', `follows ${event.store} of ${event.task}`)
    })
    on('standbyBatchLoaded', standby)
    on('standbyUpdateSuspended', ({ task, store, reason }) => {
      this.#restores.delete(`standby ${task} ${store}`)
      this.#add('standby', `stops following ${store} of ${task}: ${reason}`)
    })
  }

  #noteRestore(restore: RestoreAnswer): void {
    const key = `${restore.kind} ${restore.task} ${restore.store}`
    this.#restores.delete(key)
    this.#restores.set(key, restore)
    if (this.#restores.size > MOST_RESTORES) this.#restores.delete(this.#restores.keys().next().value!)
  }

  #sampleOf(streams: ShownStreams): Sample {
    const { failed, dropped } = countersOf(streams)
    return { at: this.#now(), failed, dropped }
  }

  #sample(streams: ShownStreams): void {
    this.#samples.push(this.#sampleOf(streams))
    if (this.#samples.length > MOST_SAMPLES) this.#samples.shift()
  }

  #add(kind: EventAnswer['kind'], text: string): void {
    this.#events.push({ at: this.#now(), kind, text })
    if (this.#events.length > MOST_EVENTS) this.#events.shift()
  }
}

const MOST_NAMES = 12

/** What has changed in a group, in sentences. */
export function changesOf(before: ApplicationReport, now: ApplicationReport): readonly string[] {
  const isIn = (report: ApplicationReport, id: string) => report.members.some(({ memberId }) => memberId === id)
  const joined = now.members.filter(({ memberId }) => !isIn(before, memberId))
  const left = before.members.filter(({ memberId }) => !isIn(now, memberId))
  const owners = new Map(before.tasks.map(({ id, active }) => [id, active]))
  const moved = now.tasks.filter(({ id, active }) => owners.has(id) && owners.get(id) !== active)
  const names = moved.slice(0, MOST_NAMES).map(({ id }) => id)
  const more = moved.length > MOST_NAMES ? ' and others' : ''
  return [
    ...joined.map(({ clientId, memberId }) => `${clientId} has joined the group (${memberId})`),
    ...left.map(({ clientId, memberId }) => `${clientId} has left the group (${memberId})`),
    ...(moved.length === 0 ? [] : [`other owners of ${moved.length} tasks: ${names.join(', ')}${more}`]),
    ...(before.group === now.group ? [] : [`the group is ${now.group}; it was ${before.group}`]),
  ]
}
