import type { Windowed } from '@millrace/core'
import type { ScenarioEvent, SeenRecord } from './run-scenario.ts'

/**
 * Draws what happened, one line for each event, from top to bottom in the order in which it happened. Across lies the time
 * of the records: `●` is one that comes in, `○` one that goes out, `├──┤` the window that its key belongs to, `╎` how far
 * stream time has come where a record is behind it.
 */
export function drawTimeline(events: readonly ScenarioEvent[]): string {
  const scale = scaleOf(events.flatMap(timesOf))
  const width = Math.max(...events.map(event => labelOf(event).length))
  const clock = Math.max(...events.map(event => timeOf(event).length))
  const line = (label: string, drawn: string, text: string) =>
    `${label.padEnd(width)}  ${drawn.padEnd(scale.columns)}  ${text}`.trimEnd()
  return [
    line('', axisLabels(scale), ''),
    line('', axis(scale), ''),
    ...events.map(event =>
      line(labelOf(event), drawn(event, scale), `${timeOf(event).padStart(clock)}  ${textOf(event)}`),
    ),
  ].join('\n')
}

interface Scale {
  readonly start: number
  readonly msPerColumn: number
  readonly columns: number
}

const MOST_COLUMNS = 60
const TICK_COLUMNS = 10

function scaleOf(times: readonly number[]): Scale {
  const least = Math.min(...times)
  const most = Math.max(...times)
  const widths = [...Array(12).keys()].flatMap(power => [1, 2, 5].map(step => step * 10 ** power))
  const msPerColumn = widths.find(each => each >= 100 && columnsOf(least, most, each) <= MOST_COLUMNS)!
  const tick = msPerColumn * TICK_COLUMNS
  const start = Math.floor(least / tick) * tick
  return { start, msPerColumn, columns: columnsOf(start, most, msPerColumn) }
}

function columnsOf(start: number, end: number, msPerColumn: number): number {
  return Math.floor((end - start) / msPerColumn) + 1
}

function axisLabels({ start, msPerColumn, columns }: Scale): string {
  let labels = ''
  for (let column = 0; column < columns; column += TICK_COLUMNS) {
    labels = labels.padEnd(column) + seconds(start + column * msPerColumn)
  }
  return labels
}

function axis({ columns }: Scale): string {
  return Array.from({ length: columns }, (_, column) => (column % TICK_COLUMNS === 0 ? '┬' : '─')).join('')
}

function drawn(event: ScenarioEvent, scale: Scale): string {
  if (event.kind !== 'in' && event.kind !== 'out') return ''
  const column = (time: number) =>
    Math.floor((Math.min(time, Number.MAX_SAFE_INTEGER) - scale.start) / scale.msPerColumn)
  const cells = Array.from({ length: scale.columns }, () => ' ')
  const put = (time: number, mark: string) => {
    if (column(time) in cells) cells[column(time)] = mark
  }
  const { key, timestamp } = event.record
  if (isWindowed(key)) {
    const { start, end } = key.window
    for (let at = column(start); at <= Math.min(column(end), scale.columns - 1); at++) cells[at] = '─'
    put(start, start === end ? '│' : '├')
    if (start !== end) put(end, '┤')
  }
  if (event.streamTime > timestamp && event.kind === 'in') put(event.streamTime, '╎')
  put(timestamp, event.kind === 'in' ? '●' : '○')
  return cells.join('')
}

function timesOf(event: ScenarioEvent): number[] {
  if (event.kind !== 'in' && event.kind !== 'out') return []
  const { key, timestamp } = event.record
  return isWindowed(key) ? [timestamp, key.window.start, key.window.end].filter(isDrawable) : [timestamp]
}

/** The end of a window that has none lies outside every picture. */
function isDrawable(time: number): boolean {
  return time < Number.MAX_SAFE_INTEGER
}

function labelOf(event: ScenarioEvent): string {
  switch (event.kind) {
    case 'in':
      return event.topic
    case 'out':
      return `  → ${event.topic}`
    case 'dropped':
      return '  ✗ dropped'
    case 'printed':
      return '  → printed'
    case 'wallClock':
      return 'wall clock'
  }
}

function timeOf(event: ScenarioEvent): string {
  return event.kind === 'in' || event.kind === 'out' ? seconds(event.record.timestamp) : ''
}

function textOf(event: ScenarioEvent): string {
  switch (event.kind) {
    case 'in':
    case 'out':
      return textOfRecord(event.record)
    case 'dropped':
      return `counted in dropped-records: ${event.reason}`
    case 'printed':
      return event.line
    case 'wallClock':
      return `is ${seconds(event.now)} now`
  }
}

function textOfRecord({ key, value }: SeenRecord): string {
  return `${text(key)}: ${text(value)}`
}

function text(value: unknown): string {
  if (isWindowed(value)) {
    const { start, end } = value.window
    return `${text(value.key)} @ ${seconds(start)}…${isDrawable(end) ? seconds(end) : ''}`
  }
  if (typeof value === 'string') return value
  return typeof value === 'bigint' ? `${value}` : JSON.stringify(value)
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}

function isWindowed(key: unknown): key is Windowed<unknown> {
  return typeof key === 'object' && key !== null && 'window' in key
}
