import {
  CUSTOM_GROUP,
  isRecorded,
  levelOf,
  METRIC_LEVELS,
  metricsOf,
  type RecordingLevel,
  type SensorName,
} from './metric-table.ts'
import { Sensor } from './sensor.ts'

/** The tags of a metric, as in Kafka Streams. */
export type MetricTags = Readonly<Record<string, string>>

export interface MetricReading {
  /** The group, as in Kafka Streams, such as `stream-task-metrics`. Metrics of different groups can have the same name. */
  readonly group: string
  readonly name: string
  readonly tags: MetricTags
  /** 1 for a metric whose value is a text. */
  readonly value: number
  readonly text?: string
}

export interface MeterOptions {
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
  /** What is above it is not recorded. */
  readonly level: RecordingLevel
  /** The tags of everything here. Asked when somebody reads: at the start not all are known. */
  readonly tags: () => MetricTags
}

interface Meter {
  readonly name: SensorName
  readonly tags: () => MetricTags
  readonly of: Sensor | (() => number) | (() => string)
}

/** The sensors and gauges of a client, a thread or a task. They end with it. */
export class Meters {
  readonly #with: MeterOptions
  readonly #meters: Meter[] = []
  readonly #before: (() => void)[] = []

  constructor(options: MeterOptions) {
    this.#with = options
  }

  records(name: SensorName): boolean {
    return isRecorded(name, this.#with.level)
  }

  /** Undefined if the recording level leaves it out. */
  sensor(name: SensorName, tags: MetricTags = {}): Sensor | undefined {
    if (!this.records(name)) return undefined
    const sensor = new Sensor(this.#with.now)
    this.#meters.push({ name, tags: () => tags, of: sensor })
    return sensor
  }

  /** Something that is read when somebody asks. */
  gauge(name: SensorName, read: (() => number) | (() => string), tags: MetricTags | (() => MetricTags) = {}): void {
    if (!this.records(name)) return
    this.#meters.push({ name, tags: typeof tags === 'function' ? tags : () => tags, of: read })
  }

  /** Called before a reading, for what is collected elsewhere. */
  beforeReading(run: () => void): void {
    this.#before.push(run)
  }

  readings(): readonly MetricReading[] {
    for (const run of this.#before) run()
    const common = this.#with.tags()
    return this.#meters.flatMap(({ name, tags, of }) => {
      const { group } = METRIC_LEVELS[levelOf(name)]
      const all = { ...common, ...tags() }
      return metricsOf(name).map(([metric, { statistic }]) => {
        const reading = { group, name: metric, tags: all }
        if (of instanceof Sensor) return { ...reading, value: of.read(statistic as Parameters<Sensor['read']>[0]) }
        const read = of()
        return typeof read === 'number' ? { ...reading, value: read } : { ...reading, value: 1, text: read }
      })
    })
  }
}

/** Counters that outlive the tasks that count: of records that were left out, and of processors. */
export class Metrics {
  readonly #counters = new Map<string, { -readonly [Field in keyof MetricReading]: MetricReading[Field] }>()

  /** Counts for a processor. */
  count(name: string, tags: MetricTags, by = 1): void {
    this.#add(CUSTOM_GROUP, name, tags, by)
  }

  /** Counts a record that has been left out, or that has failed. */
  leftOut(name: 'dropped-records' | 'failed-records', tags: MetricTags): void {
    this.#add(METRIC_LEVELS.node.group, name, tags, 1)
  }

  readings(): readonly MetricReading[] {
    return [...this.#counters.values()].map(counter => ({ ...counter }))
  }

  #add(group: string, name: string, tags: MetricTags, by: number): void {
    const key = `${group} ${name} ${JSON.stringify(tags)}`
    const counter = this.#counters.get(key)
    if (counter === undefined) this.#counters.set(key, { group, name, tags, value: by })
    else counter.value += by
  }
}
