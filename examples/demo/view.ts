import type { ShopResults } from './results.ts'
import type { WorkerStatus } from './worker-status.ts'

/** All that is shown, at one moment. */
export interface Snapshot {
  readonly where: string
  /** Its address, once it is served. */
  readonly console: string | undefined
  readonly seconds: number
  readonly orders: number
  readonly payments: number
  /** In the last second. */
  readonly writtenRate: number
  readonly processedRate: number
  readonly workers: readonly WorkerStatus[]
  readonly results: ShopResults
  /** What has happened to the workers, newest last. */
  readonly events: readonly string[]
}

const WINDOWS_SHOWN = 5
const EVENTS_SHOWN = 3

const number = (value: number) => Math.round(value).toLocaleString('en-US')
const money = (cents: number) => (cents / 100).toLocaleString('en-US', { maximumFractionDigits: 0 })
const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19)
const streamTime = (workers: readonly WorkerStatus[]) => Math.max(-1, ...workers.map(worker => worker.streamTime))

/** The table, redrawn in place. */
export function tableLines(snapshot: Snapshot): string[] {
  const { workers, results } = snapshot
  const time = streamTime(workers)
  return [
    `Millrace: orders and payments of a shop, by the minute   ${snapshot.where}   ${number(snapshot.seconds)} s`,
    '',
    `written     ${number(snapshot.orders)} orders, ${number(snapshot.payments)} payments (${number(snapshot.writtenRate)} records/s)`,
    `processed   ${number(snapshot.processedRate)} records/s   lag ${number(lagOf(workers))}   late and left out ${number(lateOf(workers))}`,
    `stream time ${time < 0 ? '-' : clock(time)}`,
    ...(snapshot.console === undefined ? [] : [`console     ${snapshot.console}`]),
    ...workers.map(workerLine),
    ...snapshot.events.slice(-EVENTS_SHOWN).map(event => `            ${event}`),
    '',
    ...grid(
      'orders, revenue',
      results.sales.last(WINDOWS_SHOWN),
      sale => `${number(sale.orders)}  € ${money(sale.revenue)}`,
    ),
    '',
    ...grid('payments', results.payments.last(WINDOWS_SHOWN), count => number(Number(count))),
    '',
    'Ctrl-C ends.',
  ]
}

/** The same in one line, for a file or a pipe. */
export function plainLine(snapshot: Snapshot): string {
  const { workers, results } = snapshot
  const time = streamTime(workers)
  const [window] = results.sales.last(1)
  const best = [...(window?.[1] ?? [])].sort(([, a], [, b]) => b.revenue - a.revenue)[0]
  const restoring = workers.flatMap(worker => worker.restoring)
  return [
    `${number(snapshot.seconds)} s`,
    `written ${number(snapshot.orders)} orders ${number(snapshot.payments)} payments`,
    `processed ${number(snapshot.processedRate)}/s`,
    `lag ${number(lagOf(workers))}`,
    `stream time ${time < 0 ? '-' : clock(time)}`,
    ...(best === undefined
      ? []
      : [`${clock(window![0]).slice(0, 5)} ${best[0]} ${best[1].orders} orders € ${money(best[1].revenue)}`]),
    ...(restoring.length === 0 ? [] : [`restoring ${number(progress(restoring))} %`]),
  ].join('   ')
}

/** What came of it all. Every record that was written is in a window, or was left out as late, or is still to come. */
export function summaryLines(snapshot: Snapshot): string[] {
  const { orders, payments, results, workers } = snapshot
  const late = lateOf(workers)
  const missing = orders + payments - results.sales.sum - results.payments.sum - late
  return [
    '',
    `Summary after ${number(snapshot.seconds)} s, ${snapshot.where}`,
    `  orders      ${number(orders)} written, ${number(results.sales.sum)} in windows by country`,
    `  payments    ${number(payments)} written, ${number(results.payments.sum)} in windows by method`,
    `  late        ${number(late)} left out, after the grace of their window`,
    missing === 0 ? '  every record is accounted for' : `  ${number(missing)} records were still on their way`,
    ...snapshot.events.map(event => `  ${event}`),
  ]
}

export const lateOf = (workers: readonly WorkerStatus[]) => workers.reduce((sum, { late }) => sum + late, 0)
const lagOf = (workers: readonly WorkerStatus[]) => workers.reduce((sum, { lag }) => sum + lag, 0)

function progress(restoring: WorkerStatus['restoring']): number {
  const total = restoring.reduce((sum, one) => sum + one.total, 0)
  return (restoring.reduce((sum, { restored }) => sum + restored, 0) / total) * 100
}

function workerLine({ state, tasks, restoring }: WorkerStatus, index: number): string {
  const stores = restoring.map(
    ({ task, store, restored, total }) => `${store} of ${task} ${number((restored / total) * 100)} %`,
  )
  const what = stores.length === 0 ? '' : `   restoring ${stores.join(', ')}`
  return `worker ${index + 1}    ${state.toLowerCase().replaceAll('_', ' ')}, ${tasks} tasks${what}`
}

function grid<V>(
  title: string,
  windows: readonly (readonly [number, ReadonlyMap<string, V>])[],
  show: (value: V) => string,
): string[] {
  const keys = [...new Set(windows.flatMap(([, values]) => [...values.keys()]))].sort()
  const cell = (text: string) => text.padStart(18)
  return [
    title.padEnd(16) + windows.map(([start]) => cell(clock(start).slice(0, 5))).join(''),
    ...keys.map(key => {
      const cells = windows.map(([, values]) => {
        const value = values.get(key)
        return cell(value === undefined ? '-' : show(value))
      })
      return key.padEnd(16) + cells.join('')
    }),
  ]
}
