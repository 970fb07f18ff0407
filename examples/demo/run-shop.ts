import { setTimeout as sleep } from 'node:timers/promises'
import type { Topics } from 'millrace'
import type { DemoOptions } from './options.ts'
import { type ShopResults, shopResults } from './results.ts'
import { Screen } from './screen.ts'
import type { ShopSerdes } from './serdes.ts'
import { openShop } from './shop.ts'
import { topicNames } from './topology.ts'
import { lateOf, plainLine, type Snapshot, summaryLines, tableLines } from './view.ts'
import type { WorkerStatus } from './worker-status.ts'

/** Where the application runs: in this process or in others. */
export interface Workers {
  /** For the table, as `in memory`. */
  readonly where: string
  readonly events: readonly string[]
  /** The address of the console, once it is served. */
  console(): string | undefined
  statuses(): readonly WorkerStatus[]
  /** Why the application has failed for good, if it has. */
  failure(): unknown
  /** Ends the application in order, in bounded time. */
  stop(): Promise<void>
}

/** How often is written, in milliseconds. */
const WRITE_EVERY_MS = 50
const REDRAW_MS = 250
const PLAIN_LINE_MS = 1000
/** How long the beginning waits for the application, so that it does not begin with a backlog. */
const START_MS = 20_000
/** How long the end waits for what is still on its way. */
const DRAIN_MS = 8_000

const PARTITIONS = 4

export async function createTopics(topics: Topics, prefix: string): Promise<void> {
  await topics.create(...Object.values(topicNames(prefix)).map(name => ({ name, partitions: PARTITIONS })))
}

/** Lets the shop sell until `stop` is aborted or the time is up, shows what comes out, and sums it up. */
export async function runShop(
  topics: Topics,
  workers: Workers,
  options: DemoOptions & { readonly prefix: string; readonly serdes: ShopSerdes },
  stop: AbortSignal,
): Promise<void> {
  const { serdes } = options
  const names = topicNames(options.prefix)
  const shop = openShop(options)
  const results = shopResults()
  const readers = new AbortController()
  let failure: unknown
  const reading = readResults(topics, names, serdes, results, readers.signal).catch((error: unknown) => {
    failure = error
  })
  /** Waits until `done`, or so long, or until there is a reason to end. */
  const until = async (done: () => boolean, patienceMs: number, signal?: AbortSignal) => {
    const end = performance.now() + patienceMs
    while (!done() && performance.now() < end && signal?.aborted !== true) {
      await sleep(WRITE_EVERY_MS)
      failure ??= workers.failure()
      if (failure !== undefined) throw failure
    }
  }

  let started = performance.now()
  const written = { orders: 0, payments: 0 }
  const rates = rateMeter()
  const snapshot = (): Snapshot => ({
    where: workers.where,
    console: workers.console(),
    seconds: (performance.now() - started) / 1000,
    ...written,
    ...rates(written.orders + written.payments, workers.statuses()),
    workers: workers.statuses(),
    results,
    events: workers.events,
  })
  const sell = async (due: number) => {
    const sale = shop.sell(due - written.orders)
    await topics.write(names.orders, serdes.orders, sale.orders)
    await topics.write(names.payments, serdes.payments, sale.payments)
    written.orders += sale.orders.length
    written.payments += sale.payments.length
  }

  let view: { close(): void } | undefined
  try {
    await topics.write(names.customers, serdes.customers, shop.customers())
    await until(() => workers.statuses().every(({ state }) => state === 'RUNNING'), START_MS, stop)
    started = performance.now()
    view = openView(snapshot)
    const endMs = options.seconds === undefined ? Infinity : options.seconds * 1000
    for (let elapsedMs = 0; elapsedMs < endMs && !stop.aborted; elapsedMs = performance.now() - started) {
      await sell(Math.min(Math.floor((elapsedMs / 1000) * options.rate), written.orders + options.rate))
      await until(() => false, WRITE_EVERY_MS, stop)
    }
    const arrived = () => results.sales.sum + results.payments.sum + lateOf(workers.statuses())
    await until(() => arrived() >= written.orders + written.payments, DRAIN_MS)
  } finally {
    view?.close()
    await workers.stop()
    readers.abort()
    await reading
  }
  for (const line of summaryLines(snapshot())) console.log(line)
}

async function readResults(
  topics: Topics,
  names: ReturnType<typeof topicNames>,
  { sales, paymentCounts }: ShopSerdes,
  results: ShopResults,
  signal: AbortSignal,
): Promise<void> {
  const soldTo = async () => {
    for await (const record of await topics.read(names.sales, sales, { signal })) results.sales.add(record)
  }
  const paidBy = async () => {
    for await (const record of await topics.read(names.paymentCounts, paymentCounts, { signal }))
      results.payments.add(record)
  }
  await Promise.all([soldTo(), paidBy()])
}

/** Records a second, over the last second. */
function rateMeter() {
  const samples = [{ at: performance.now(), written: 0, processed: 0 }]
  return (written: number, workers: readonly WorkerStatus[]) => {
    const at = performance.now()
    samples.push({ at, written, processed: workers.reduce((sum, { processed }) => sum + processed, 0) })
    while (samples.length > 2 && samples[0]!.at < at - 1000) samples.shift()
    const [first, last] = [samples[0]!, samples.at(-1)!]
    const seconds = Math.max(0.001, (last.at - first.at) / 1000)
    return {
      writtenRate: (last.written - first.written) / seconds,
      // A task that has moved to another worker counts from 0 again.
      processedRate: Math.max(0, last.processed - first.processed) / seconds,
    }
  }
}

function openView(snapshot: () => Snapshot): { close(): void } {
  if (process.stdout.isTTY) {
    const screen = new Screen(process.stdout)
    const timer = setInterval(() => screen.draw(tableLines(snapshot())), REDRAW_MS)
    return {
      close() {
        clearInterval(timer)
        screen.draw(tableLines(snapshot()))
        screen.close()
      },
    }
  }
  let told = false
  const timer = setInterval(() => {
    const now = snapshot()
    if (!told && now.console !== undefined) console.log(`console ${now.console}`)
    told ||= now.console !== undefined
    console.log(plainLine(now))
  }, PLAIN_LINE_MS)
  return { close: () => clearInterval(timer) }
}
