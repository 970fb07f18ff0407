import type { StorePlan } from '@millrace/core'
import type { Meters } from '../observe/metrics.ts'
import type { SensorName } from '../observe/metric-table.ts'
import type { Sensor } from '../observe/sensor.ts'
import type { TaskBuffer } from '../state/buffer/task-buffer.ts'
import type { RecordContext } from './record-context.ts'

type StoreSensor = Extract<SensorName, `store.${string}`>
type Call = (...given: readonly unknown[]) => unknown

/** Which calls of a store count as what, as in Kafka Streams. Reads of windows and sessions, of a key or a range, are fetches there. */
export const STORE_CALLS: Readonly<Record<StorePlan['kind'], Readonly<Record<string, StoreSensor>>>> = {
  'key-value': {
    get: 'store.get',
    put: 'store.put',
    putIfAbsent: 'store.put-if-absent',
    delete: 'store.delete',
    entries: 'store.range',
    range: 'store.range',
    all: 'store.all',
    prefixScan: 'store.prefix-scan',
  },
  window: {
    get: 'store.fetch',
    load: 'store.fetch',
    fetch: 'store.fetch',
    fetchRange: 'store.fetch',
    fetchKeys: 'store.fetch',
    fetchAll: 'store.fetch',
    all: 'store.fetch',
    put: 'store.put',
    append: 'store.put',
  },
  session: {
    load: 'store.fetch',
    fetch: 'store.fetch',
    fetchSession: 'store.fetch',
    findSessions: 'store.fetch',
    findKeySessions: 'store.fetch',
    fetchKeys: 'store.fetch',
    fetchAll: 'store.fetch',
    all: 'store.fetch',
    put: 'store.put',
  },
  versioned: { get: 'store.get', put: 'store.put', delete: 'store.delete' },
}

const NANOSECONDS = 1e6

export interface StoreMetersOptions {
  readonly meters: Meters
  readonly context: RecordContext
  readonly clock: { now(): number; monotonic(): number }
}

/** Measures the calls of a task's stores, from the recording level DEBUG on. */
export class StoreMeters {
  readonly #with: StoreMetersOptions
  readonly #stores = new Map<string, StoreMeter>()

  constructor(options: StoreMetersOptions) {
    this.#with = options
  }

  /** @param type the type of the store as tags have it, such as `rocksdb-window` */
  add(plan: StorePlan, type: string, buffer: TaskBuffer): void {
    this.#stores.set(plan.name, new StoreMeter(plan, { [`${type}-state-id`]: plan.name }, buffer, this.#with))
  }

  /** A store whose calls are measured: the one that is given, if stores are not. */
  metered<Store>(name: string, store: Store): Store {
    return this.#stores.get(name)?.metered(store) ?? store
  }

  committed(name: string, ms: number): void {
    this.#stores.get(name)?.committed(ms)
  }
}

class StoreMeter {
  readonly #plan: StorePlan
  readonly #buffer: TaskBuffer
  readonly #with: StoreMetersOptions
  readonly #sensors: ReadonlyMap<StoreSensor, Sensor>
  readonly #commit: Sensor | undefined
  readonly #duration: Sensor | undefined
  readonly #endToEnd: Sensor | undefined
  readonly #hitRatio: Sensor | undefined
  /** When the open iterators were made. */
  readonly #open = new Set<{ readonly since: number }>()
  #reads = 0
  #hits = 0

  constructor(
    plan: StorePlan,
    tags: Readonly<Record<string, string>>,
    buffer: TaskBuffer,
    options: StoreMetersOptions,
  ) {
    const { meters } = options
    this.#plan = plan
    this.#buffer = buffer
    this.#with = options
    const names = new Set(Object.values(STORE_CALLS[plan.kind]))
    this.#sensors = new Map([...names].flatMap(name => entry(name, meters.sensor(name, tags))))
    this.#commit = meters.sensor('store.commit', tags)
    this.#duration = meters.sensor('store.iterator-duration', tags)
    this.#endToEnd = meters.sensor('store.record-e2e-latency', tags)
    this.#hitRatio = plan.caching ? meters.sensor('cache.hit-ratio', { 'record-cache-id': plan.name }) : undefined
    meters.gauge('store.num-open-iterators', () => this.#open.size, tags)
    const oldest = () => (this.#open.size === 0 ? 0 : Math.min(...[...this.#open].map(({ since }) => since)))
    meters.gauge('store.oldest-iterator-open-since-ms', oldest, tags)
  }

  /** The same store: calls that nobody measures are its own. */
  metered<Store>(store: Store): Store {
    const metered = Object.create(store as object) as Record<string, unknown>
    for (const [method, name] of Object.entries(STORE_CALLS[this.#plan.kind])) {
      const call = (store as Record<string, unknown>)[method]
      const sensor = this.#sensors.get(name)
      if (typeof call === 'function' && sensor !== undefined)
        metered[method] = this.#measured(call as Call, sensor, name)
    }
    return metered as Store
  }

  committed(ms: number): void {
    this.#commit?.record(ms * NANOSECONDS)
  }

  #measured(call: Call, sensor: Sensor, name: StoreSensor): Call {
    const { clock } = this.#with
    const puts = name === 'store.put'
    return (...given) => {
      if (!puts) this.#read(given)
      const began = clock.monotonic()
      const end = () => sensor.record((clock.monotonic() - began) * NANOSECONDS)
      const result = call(...given)
      if (isIterable(result)) return this.#tracked(result, end)
      if (puts) this.#endToEnd?.record(clock.now() - this.#with.context.timestamp)
      if (!(result instanceof Promise)) {
        end()
        return result
      }
      return result.then(value => {
        end()
        return value as unknown
      })
    }
  }

  /** What the heap answers is a hit, also that a key is not there. */
  #read([key, slot]: readonly unknown[]): void {
    if (this.#hitRatio === undefined || key === undefined) return
    this.#reads++
    if (!this.#buffer.lacks(key, typeof slot === 'number' ? slot : 0)) this.#hits++
    this.#hitRatio.record(this.#hits / this.#reads)
  }

  async *#tracked(iterable: AsyncIterable<unknown>, end: () => void): AsyncGenerator {
    const { clock } = this.#with
    const open = { since: clock.now() }
    const began = clock.monotonic()
    this.#open.add(open)
    try {
      yield* iterable
    } finally {
      this.#open.delete(open)
      this.#duration?.record((clock.monotonic() - began) * NANOSECONDS)
      end()
    }
  }
}

function entry<Key, Value>(key: Key, value: Value | undefined): readonly (readonly [Key, Value])[] {
  return value === undefined ? [] : [[key, value]]
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
